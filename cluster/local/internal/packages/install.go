// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"
	pkgv1beta1 "github.com/crossplane/crossplane/apis/v2/pkg/v1beta1"
)

// The packages of this repository.
const (
	Provider      = "provider"
	Function      = "function"
	Configuration = "configuration"
)

// host is the registry from which the packages are published to the world.
const host = "xpkg.crossplane.io"

// Name returns the name that the package manager gives to a package that it installs as a dependency.
func Name(pkg string) string { return organisation + "-" + pkg + "-virtrigaud" }

// Source returns a package's published address, without tag.
func Source(pkg string) string { return host + "/" + Repository(pkg) }

// Install asks the package manager for the configuration, which brings the provider and the function as its
// dependencies, all of them by their published names: ImageConfigs send the package manager to our registry. What is
// already installed is moved to the given tags.
func Install(ctx context.Context, c client.Client, registryAddress string, tags map[string]string) error {
	if err := applyMirrors(ctx, c, registryAddress); err != nil {
		return err
	}

	cfg := &pkgv1.Configuration{ObjectMeta: metav1.ObjectMeta{Name: Name(Configuration)}}
	if _, err := controllerutil.CreateOrPatch(ctx, c, cfg, func() error {
		cfg.Spec.Package = Source(Configuration) + ":" + tags[Configuration]

		return nil
	}); err != nil {
		return fmt.Errorf("cannot install %s: %w", cfg.Name, err)
	}

	for pkg, o := range map[string]pkgv1.Package{Provider: &pkgv1.Provider{}, Function: &pkgv1.Function{}} {
		if err := moveTo(ctx, c, pkg, tags[pkg], o); err != nil {
			return err
		}
	}

	return nil
}

// applyMirrors sends the package manager to our registry for our packages, and for nobody else's.
func applyMirrors(ctx context.Context, c client.Client, registryAddress string) error {
	for _, pkg := range []string{Provider, Function, Configuration} {
		ic := &pkgv1beta1.ImageConfig{ObjectMeta: metav1.ObjectMeta{Name: "local-" + Name(pkg)}}
		if _, err := controllerutil.CreateOrPatch(ctx, c, ic, func() error {
			ic.Spec.MatchImages = []pkgv1beta1.ImageMatch{{Type: pkgv1beta1.Prefix, Prefix: Source(pkg)}}
			ic.Spec.RewriteImage = &pkgv1beta1.ImageRewrite{Prefix: registryAddress + "/" + Repository(pkg)}

			return nil
		}); err != nil {
			return fmt.Errorf("cannot send the package manager to our registry: %w", err)
		}
	}

	return nil
}

// moveTo changes the version of a package, if it is installed.
func moveTo(ctx context.Context, c client.Client, pkg, tag string, o pkgv1.Package) error {
	err := c.Get(ctx, types.NamespacedName{Name: Name(pkg)}, o)
	if apierrors.IsNotFound(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot get %s: %w", Name(pkg), err)
	}

	before, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("cannot copy %s", Name(pkg))
	}

	o.SetSource(Source(pkg) + ":" + tag)

	// A patch, because the package manager updates the object all the time.
	if err := c.Patch(ctx, o, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("cannot move %s to %s: %w", Name(pkg), tag, err)
	}

	return nil
}

// Healthy returns nil when all packages are installed and healthy in the given versions, else what is missing.
func Healthy(ctx context.Context, c client.Client, tags map[string]string) error {
	return errors.Join(
		packageHealthy(ctx, c, Configuration, tags, &pkgv1.Configuration{}),
		packageHealthy(ctx, c, Provider, tags, &pkgv1.Provider{}),
		packageHealthy(ctx, c, Function, tags, &pkgv1.Function{}),
	)
}

func packageHealthy(ctx context.Context, c client.Client, pkg string, tags map[string]string, o pkgv1.Package) error {
	if err := c.Get(ctx, types.NamespacedName{Name: Name(pkg)}, o); err != nil {
		return err
	}

	for _, t := range []xpv2.ConditionType{pkgv1.TypeInstalled, pkgv1.TypeHealthy} {
		if cond := o.GetCondition(t); cond.Status != corev1.ConditionTrue {
			return fmt.Errorf("%s: %s is %s: %s", Name(pkg), t, cond.Status, cond.Message)
		}
	}

	// CurrentIdentifier is the source that the package manager has worked on last: until it is ours, the conditions
	// speak of an earlier version.
	if want := Source(pkg) + ":" + tags[pkg]; o.GetSource() != want || o.GetCurrentIdentifier() != want {
		return fmt.Errorf("%s: is at %s, not %s", Name(pkg), o.GetCurrentIdentifier(), want)
	}

	return nil
}
