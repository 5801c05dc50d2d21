// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

// tokenLifetime of the provider's token. It is renewed when half of it is over.
const tokenLifetime = time.Hour

// runProvider makes a provider revision's process run. It returns nil when the process says that it is healthy.
func (a *Agent) runProvider(ctx context.Context, r *pkgv1.ProviderRevision) error {
	i, err := a.image(ctx, r)
	if err != nil {
		return err
	}

	account, err := a.account(ctx, r)
	if err != nil {
		return err
	}

	// Without its permissions the provider would not start, and then wait before it tries again.
	if err := a.bound(ctx, r, account); err != nil {
		return err
	}

	kubeconfig, err := a.login(ctx, account)
	if err != nil {
		return err
	}

	args := []string{
		"--metrics-address=" + a.Ports.Address(portProviderMetrics),
		"--health-probe-address=" + a.Ports.Address(portProviderHealth),
	}
	if err := a.run(ctx, ProcessProvider, i, args, []string{"KUBECONFIG=" + kubeconfig, "POD_NAMESPACE=" + kube.Namespace}); err != nil {
		return err
	}

	return kube.Get(ctx, http.DefaultClient, "http://"+a.Ports.Address(portProviderHealth)+"/healthz")
}

// account ensures the ServiceAccount of a provider revision, and the Deployment that names it. The Deployment has no
// replicas and nothing would run them: it is what the RBAC manager looks at.
func (a *Agent) account(ctx context.Context, r *pkgv1.ProviderRevision) (*corev1.ServiceAccount, error) {
	meta := metav1.ObjectMeta{
		Namespace:       kube.Namespace,
		Name:            r.GetName(),
		OwnerReferences: []metav1.OwnerReference{owner(r)},
	}
	sa := &corev1.ServiceAccount{ObjectMeta: meta}
	d := &appsv1.Deployment{ObjectMeta: *meta.DeepCopy(), Spec: deployment(r)}

	for _, o := range []client.Object{sa, d} {
		if err := a.Client.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("cannot create %T of provider: %w", o, err)
		}
	}

	return sa, nil
}

func deployment(r *pkgv1.ProviderRevision) appsv1.DeploymentSpec {
	none := int32(0)
	labels := map[string]string{"pkg.crossplane.io/revision": r.GetName()}

	return appsv1.DeploymentSpec{
		Replicas: &none,
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: corev1.PodSpec{
				ServiceAccountName: r.GetName(),
				Containers:         []corev1.Container{{Name: "package-runtime", Image: r.GetResolvedSource()}},
			},
		},
	}
}

// bound returns an error until the RBAC manager has granted the provider its permissions.
func (a *Agent) bound(ctx context.Context, r *pkgv1.ProviderRevision, sa *corev1.ServiceAccount) error {
	// The name that the RBAC manager gives to both the role and its binding.
	name := types.NamespacedName{Name: "crossplane:provider:" + r.GetName() + ":system"}

	if err := a.Client.Get(ctx, name, &rbacv1.ClusterRole{}); err != nil {
		return fmt.Errorf("waiting for the RBAC manager: %w", err)
	}

	b := &rbacv1.ClusterRoleBinding{}
	if err := a.Client.Get(ctx, name, b); err != nil {
		return fmt.Errorf("waiting for the RBAC manager: %w", err)
	}

	for _, s := range b.Subjects {
		if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == sa.Namespace && s.Name == sa.Name {
			return nil
		}
	}

	return errors.New("waiting for the RBAC manager to bind the provider's ServiceAccount")
}

// login returns a kubeconfig with a token of the account, renewing the token when it is time.
func (a *Agent) login(ctx context.Context, sa *corev1.ServiceAccount) (string, error) {
	dir := a.Layout.State("provider", sa.Name)
	token, kubeconfig := filepath.Join(dir, "token"), filepath.Join(dir, "kubeconfig")

	if time.Since(a.renewed[sa.Name]) < tokenLifetime/2 {
		return kubeconfig, nil
	}

	seconds := int64(tokenLifetime.Seconds())
	request := &authv1.TokenRequest{Spec: authv1.TokenRequestSpec{ExpirationSeconds: &seconds}}

	if err := a.Client.SubResource("token").Create(ctx, sa, request); err != nil {
		return "", fmt.Errorf("cannot request a token for the provider: %w", err)
	}

	if err := layout.WriteFile(token, []byte(request.Status.Token)); err != nil {
		return "", err
	}

	admin, err := kube.Config(a.Layout.Kubeconfig())
	if err != nil {
		return "", err
	}

	if err := kube.WriteKubeconfig(kubeconfig, admin.Host, admin.CAData, kube.Identity{TokenFile: token}); err != nil {
		return "", err
	}

	a.renewed[sa.Name] = time.Now()

	return kubeconfig, nil
}
