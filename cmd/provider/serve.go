// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/statemetrics"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/config"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/virtualmachine"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/metrics"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/probe"
)

// stateMetricsInterval is how often the numbers of managed resources by state are counted.
const stateMetricsInterval = 15 * time.Second

// serveCommand reconciles.
type serveCommand struct {
	Debug                    bool          `help:"Log what is done, and not only what goes wrong." short:"d"`
	LeaderElection           bool          `help:"Let only one of several providers reconcile at a time." short:"l" env:"LEADER_ELECTION"`
	LeaderElectionNamespace  string        `help:"Namespace of the Lease for leader election." env:"POD_NAMESPACE"`
	Poll                     time.Duration `help:"How often a VM that is ready is looked at, besides when its hypervisor says that it changed." default:"1m"`
	MaxReconcileRate         int           `help:"How many reconciles are started per second at most, and how many run at once." default:"100"`
	MetricsAddress           string        `help:"Address that serves metrics; 0 for none." default:":8080"`
	HealthProbeAddress       string        `help:"Address that serves health probes; 0 for none." default:":8081"`
	EnableManagementPolicies bool          `help:"Respect the management policies of managed resources." default:"true" negatable:"" env:"ENABLE_MANAGEMENT_POLICIES"`
}

// Run reconciles until the process is told to stop.
func (c serveCommand) Run() error {
	root := c.logger()
	log := logging.NewLogrLogger(root)
	ctx, stop := context.WithCancelCause(ctrl.SetupSignalHandler())
	defer stop(nil)

	restConfig, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("cannot get configuration of the API server: %w", err)
	}
	restConfig = ratelimiter.LimitRESTConfig(restConfig, c.MaxReconcileRate)
	options, err := c.managerOptions()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(restConfig, options)
	if err != nil {
		return fmt.Errorf("cannot make controller manager: %w", err)
	}
	if err := addProbes(mgr); err != nil {
		return err
	}

	vms := metrics.New()
	pool := endpoint.NewPool(mgr.GetClient(), mgr.GetCache(), dialers(root, vms), endpoint.WithLogger(log))
	// What is under way on a hypervisor goes on without us, and is found again by the next provider.
	defer pool.Close()

	o, m, err := c.controllerOptions(log, vms)
	if err != nil {
		return err
	}
	// NOTE: the manager's client would read from a cache that has not started yet.
	direct, err := client.New(restConfig, client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return fmt.Errorf("cannot make client: %w", err)
	}
	prober := probe.New()
	defer prober.Close()
	err = addControllers(ctx, controllers{
		manager: mgr, client: direct, options: o, endpoints: pool, metrics: m, failed: stop,
		vms: virtualmachine.Dependencies{Endpoints: pool, Prober: prober, Metrics: vms},
	})
	if err != nil {
		return err
	}

	log.Info("Starting", "version", version)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("cannot run controllers: %w", err)
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	log.Info("Stopped")
	return nil
}

// logger returns where to log. The libraries of Kubernetes log only errors, unless debugging.
func (c serveCommand) logger() logr.Logger {
	ours := zap.New(zap.WriteTo(os.Stderr), zap.UseDevMode(c.Debug))
	theirs := ours
	if !c.Debug {
		theirs = zap.New(zap.WriteTo(os.Stderr), zap.Level(zapcore.ErrorLevel))
	}
	ctrl.SetLogger(theirs)
	return ours.WithName("provider-virtrigaud")
}

// controllerOptions returns what all controllers have in common, and the metrics of endpoints. It registers all metrics.
func (c serveCommand) controllerOptions(log logging.Logger, vms *metrics.Metrics) (controller.Options, *config.Metrics, error) {
	o := controller.Options{
		Logger:                  log,
		GlobalRateLimiter:       ratelimiter.NewGlobal(c.MaxReconcileRate),
		PollInterval:            c.Poll,
		MaxConcurrentReconciles: c.MaxReconcileRate,
		Features:                &feature.Flags{},
	}
	if c.EnableManagementPolicies {
		o.Features.Enable(feature.EnableBetaManagementPolicies)
	}

	recorder, state, endpoints := managed.NewMRMetricRecorder(), statemetrics.NewMRStateMetrics(), config.NewMetrics()
	o.MetricOptions = &controller.MetricOptions{PollStateMetricInterval: stateMetricsInterval, MRMetrics: recorder, MRStateMetrics: state}
	for _, m := range []prometheus.Collector{recorder, state, endpoints, vms} {
		if err := ctrlmetrics.Registry.Register(m); err != nil {
			return controller.Options{}, nil, fmt.Errorf("cannot register metrics: %w", err)
		}
	}
	return o, endpoints, nil
}
