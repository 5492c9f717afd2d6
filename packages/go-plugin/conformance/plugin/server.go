package main

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

const shutdown = "/plugin.GRPCController/Shutdown"

// The one that go-plugin serves with, for actions that stop it.
var server *grpc.Server

// newServer makes go-plugin's server, or one that lacks what the flags say.
func newServer(options []grpc.ServerOption) *grpc.Server {
	options = append(options, grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(stream))
	if *maxAge > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *maxAge}))
	}
	server = grpc.NewServer(options...)
	return server
}

func unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if *hangShutdown && info.FullMethod == shutdown {
		select {}
	}
	if err := missing(info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, request)
}

func stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := missing(info.FullMethod); err != nil {
		return err
	}
	return next(service, stream)
}

// missing is what gRPC itself answers for services that nobody registered.
func missing(method string) error {
	if *without != "" && strings.HasPrefix(method, "/"+*without+"/") {
		return status.Errorf(codes.Unimplemented, "unknown service %s", *without)
	}
	return nil
}
