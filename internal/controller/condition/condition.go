// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package condition turns errors of the hypervisor port into conditions that say what is wrong in stable words.
//
// It is shared by the controllers and knows no kind.
package condition

import (
	"strings"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// maxMessage is how many bytes of an error a condition shows.
const maxMessage = 1024

// NotReady returns the Ready condition that err calls for. Its reason is the error's class, together with its subject where
// that says more, such as ImageNotFound; fallback is the reason of an unclassified error. The status is Unknown when the
// endpoint could not be asked, and False when it said no.
func NotReady(err error, fallback xpv2.ConditionReason) xpv2.Condition {
	return xpv2.Condition{
		Type:               xpv2.TypeReady,
		Status:             status(clients.ClassOf(err)),
		LastTransitionTime: metav1.Now(),
		Reason:             Reason(err, fallback),
		Message:            Message(err),
	}
}

// Reason returns the condition reason for err: its class, with the subject of what was not found or is in conflict in
// front. It returns fallback for an unclassified error.
func Reason(err error, fallback xpv2.ConditionReason) xpv2.ConditionReason {
	switch c := clients.ClassOf(err); c {
	case clients.NotFound, clients.Conflict:
		return xpv2.ConditionReason(clients.SubjectOf(err) + string(c))
	case clients.Unknown, "":
		return fallback
	default:
		return xpv2.ConditionReason(c)
	}
}

// Message returns err as one line for a condition: it starts with a capital letter and is of bounded length.
func Message(err error) string {
	return Sentence(err.Error())
}

// Sentence returns s as one line for a condition: it starts with a capital letter, has no full stop at its end and is of
// bounded length.
func Sentence(s string) string {
	s = strings.TrimRight(strings.Join(strings.Fields(s), " "), ".")
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "")
	}
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

func status(c clients.Class) corev1.ConditionStatus {
	switch c {
	case clients.Unreachable, clients.Unauthorized, clients.Untrusted:
		return corev1.ConditionUnknown
	default:
		return corev1.ConditionFalse
	}
}
