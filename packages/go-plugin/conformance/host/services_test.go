package host

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

func TestCase22_HealthOfThePluginAndOfWhatIsUnknown(t *testing.T) {
	t.Parallel()
	h := start(t)
	health := grpc_health_v1.NewHealthClient(h.conn)
	for _, service := range []string{"plugin", ""} {
		answer, err := health.Check(h.ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
		check(t, err)
		equal(t, answer.Status, grpc_health_v1.HealthCheckResponse_SERVING)
	}
	_, err := health.Check(h.ctx, &grpc_health_v1.HealthCheckRequest{Service: "other"})
	equal(t, status.Code(err), codes.NotFound)
}

func TestCase23_AWatchOfTheHealthStaysOpen(t *testing.T) {
	t.Parallel()
	h := start(t)
	watch, err := grpc_health_v1.NewHealthClient(h.conn).Watch(h.ctx, &grpc_health_v1.HealthCheckRequest{Service: "plugin"})
	check(t, err)
	first, err := watch.Recv()
	check(t, err)
	equal(t, first.Status, grpc_health_v1.HealthCheckResponse_SERVING)
	end := make(chan error, 1)
	go func() {
		_, err := watch.Recv()
		end <- err
	}()
	for range 20 {
		h.echo()
	}
	select {
	case err := <-end:
		t.Fatalf("the watch has ended: %v", err)
	default:
	}
	h.client.Kill()
	if err := next(t, end); err == nil {
		t.Error("the plugin's end is a change of its health")
	}
}

var served = []string{
	"goplugin.testing.Testing",
	"grpc.health.v1.Health",
	"grpc.reflection.v1.ServerReflection",
	"grpc.reflection.v1alpha.ServerReflection",
	"plugin.GRPCBroker",
	"plugin.GRPCController",
	"plugin.GRPCStdio",
}

func TestCase24_ReflectionListsAllServices(t *testing.T) {
	t.Parallel()
	h := start(t)
	v1, err := reflection.NewServerReflectionClient(h.conn).ServerReflectionInfo(h.ctx)
	check(t, err)
	check(t, v1.Send(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_ListServices{},
	}))
	list, err := v1.Recv()
	check(t, err)
	equal(t, names(list.GetListServicesResponse().Service), served)

	check(t, v1.Send(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: served[0]},
	}))
	file, err := v1.Recv()
	check(t, err)
	expectDescriptor(t, file.GetFileDescriptorResponse().FileDescriptorProto)

	v1alpha, err := alpha.NewServerReflectionClient(h.conn).ServerReflectionInfo(h.ctx)
	check(t, err)
	check(t, v1alpha.Send(&alpha.ServerReflectionRequest{
		MessageRequest: &alpha.ServerReflectionRequest_ListServices{},
	}))
	alphaList, err := v1alpha.Recv()
	check(t, err)
	equal(t, names(alphaList.GetListServicesResponse().Service), served)
}

func names[S interface{ GetName() string }](services []S) (names []string) {
	for _, service := range services {
		names = append(names, service.GetName())
	}
	slices.Sort(names)
	return names
}

// expectDescriptor proves that Go can use what the plugin says of its application's service.
func expectDescriptor(t *testing.T, files [][]byte) {
	t.Helper()
	set := &descriptorpb.FileDescriptorSet{}
	for _, bytes := range files {
		file := &descriptorpb.FileDescriptorProto{}
		check(t, proto.Unmarshal(bytes, file))
		set.File = append(set.File, file)
	}
	registry, err := protodesc.NewFiles(set)
	check(t, err)
	found, err := registry.FindDescriptorByName("goplugin.testing.Testing.EchoStream")
	check(t, err)
	own := testingpb.File_testing_proto.Services().ByName("Testing").Methods().ByName("EchoStream")
	equal(t, found.FullName(), own.FullName())
	equal(t, found.Index(), own.Index())
}

func TestCase25_AnUnknownMethodIsUnimplemented(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, method := range []string{"/goplugin.testing.Testing/Missing", "/no.such.Service/Echo"} {
		err := h.conn.Invoke(h.ctx, method, &testingpb.Payload{}, &testingpb.Payload{})
		equal(t, status.Code(err), codes.Unimplemented)
		if text := status.Convert(err).Message(); !strings.HasPrefix(text, "unknown method ") || strings.Contains(text, "HTTP") {
			t.Errorf("the text is %q", text)
		}
	}
}
