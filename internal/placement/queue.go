// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// A queue gives its items in order, first by before, which must be a total order.
type queue[T any] struct {
	items  []T
	before func(a, b *T) bool
}

func (q *queue[T]) len() int { return len(q.items) }

// first is the next item, to be read or changed in place; after a change, call sink.
func (q *queue[T]) first() *T { return &q.items[0] }

func (q *queue[T]) push(item T) {
	q.items = append(q.items, item)
	for i := len(q.items) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.before(&q.items[i], &q.items[parent]) {
			return
		}
		q.items[i], q.items[parent] = q.items[parent], q.items[i]
		i = parent
	}
}

func (q *queue[T]) pop() T {
	item := q.items[0]
	last := len(q.items) - 1
	q.items[0] = q.items[last]
	q.items = q.items[:last]
	q.sink()
	return item
}

// sink moves the first item to where it belongs.
func (q *queue[T]) sink() {
	for i := 0; ; {
		next := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q.items); child++ {
			if q.before(&q.items[child], &q.items[next]) {
				next = child
			}
		}
		if next == i {
			return
		}
		q.items[i], q.items[next] = q.items[next], q.items[i]
		i = next
	}
}
