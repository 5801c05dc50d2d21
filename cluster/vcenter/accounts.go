// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// An Account can log in.
type Account struct {
	Username string
	Password string
	// Privileges of the account on all objects, such as "VirtualMachine.Interact.PowerOn"; nil for all there are. Everybody can
	// see everything.
	Privileges []string
}

// accounts are the accounts by name.
type accounts struct {
	mu     sync.Mutex
	byName map[string]Account
}

func newAccounts(o Options) *accounts {
	a := &accounts{byName: map[string]Account{o.Username: {Username: o.Username, Password: o.Password}}}
	for _, other := range o.Accounts {
		a.byName[other.Username] = other
	}
	return a
}

// login says whether a name and password are those of an account.
func (a *accounts) login(l *types.Login) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.byName[l.UserName]
	return ok && account.Password == l.Password
}

// may says whether an account has a privilege. Unknown accounts have all: the simulator's own sessions are such.
func (a *accounts) may(username, privilege string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	account := a.byName[username]
	return account.Privileges == nil || strings.HasPrefix(privilege, "System.") || slices.Contains(account.Privileges, privilege)
}

// change changes an account.
func (a *accounts) change(username string, change func(*Account)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.byName[username]
	if !ok {
		return fmt.Errorf("cannot find account %q", username)
	}
	change(&account)
	a.byName[username] = account
	return nil
}

// SetPassword changes the password of an account. Sessions that it has remain, as in a vCenter.
func (s *Server) SetPassword(username, password string) error {
	return s.accounts.change(username, func(a *Account) { a.Password = password })
}

// SetPrivileges changes what an account may do from now on; nil for everything.
func (s *Server) SetPrivileges(username string, privileges []string) error {
	return s.accounts.change(username, func(a *Account) { a.Privileges = slices.Clone(privileges) })
}
