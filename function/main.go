// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/crossplane/function-sdk-go"
)

const bytesPerMiB = 1024 * 1024

// CLI of the function.
type CLI struct {
	Debug bool `help:"Log what happens to each claim." short:"d"`

	Network            string `default:"tcp"   help:"Network to listen on for requests."`
	Address            string `default:":9443" help:"Address to listen on for requests."`
	TLSCertsDir        string `env:"TLS_SERVER_CERTS_DIR" help:"Directory of the server's certificate (tls.key, tls.crt) and of the CA that vouches for clients (ca.crt)."`
	Insecure           bool   `help:"Serve without TLS. --tls-certs-dir is ignored. For development only."`
	MaxRecvMessageSize int    `default:"16"    help:"Largest request to accept, in MiB. A VM of a set takes about 9 KiB."`
	MetricsAddress     string `default:":8080" help:"Address to serve metrics at, empty for none."`
}

// Run the function until it is ended.
func (c *CLI) Run() error {
	log, err := function.NewLogger(c.Debug)
	if err != nil {
		return fmt.Errorf("cannot make a logger: %w", err)
	}
	healthy := health.NewServer()
	healthy.SetServingStatus("", healthgrpc.HealthCheckResponse_SERVING)
	return function.Serve(&Function{log: log},
		function.Listen(c.Network, c.Address),
		function.MTLSCertificates(c.TLSCertsDir),
		function.Insecure(c.Insecure),
		function.MaxRecvMessageSize(c.MaxRecvMessageSize*bytesPerMiB),
		function.WithHealthServer(healthy),
		function.WithMetricsServer(c.MetricsAddress))
}

func main() {
	ctx := kong.Parse(&CLI{}, kong.Description("function-virtrigaud composes VMSets and VMPlacementPolicies."))
	ctx.FatalIfErrorf(ctx.Run())
}
