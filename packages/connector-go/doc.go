// Package connector is the Go side of VRSky connectors, on hashicorp/go-plugin: what a control plane
// needs to run a connector, and what a connector needs to be run.
//
// A control plane puts a [ConnectionNodePlugin] into plugin.ClientConfig.Plugins, dispenses
// [PluginName] and gets a [ConnectionNode]. A connector puts its [ConnectionNode] into the Impl of a
// [ConnectionNodePlugin] and serves it with [GRPCServer].
//
// Failures are [*PluginError] on both sides; the caller's own cancellation and deadline stay
// context.Canceled and context.DeadlineExceeded.
package connector
