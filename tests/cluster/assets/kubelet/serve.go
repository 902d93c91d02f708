package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// serve listens, on the Pod's address, at the ports of the script.
func (p *process) serve() error {
	for _, port := range p.script.ports("http") {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, port))
		if err != nil {
			return err
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status := http.StatusOK
			if !p.answer("http", port) {
				status = http.StatusServiceUnavailable
			}
			w.WriteHeader(status)
			p.write("answers http %s %d %s attempt %d", port, status, r.URL.Path, p.attempt)
		})}
		p.close = append(p.close, func() { server.Close() })
		go server.Serve(listener)
	}
	for _, port := range p.script.ports("grpc") {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, port))
		if err != nil {
			return err
		}
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, &health{process: p, port: port})
		p.close = append(p.close, server.Stop)
		go server.Serve(listener)
	}
	for _, c := range p.script.checks {
		if c.sort == "tcp" {
			p.listen(c)
		}
	}
	return nil
}

// answer waits as long as an answer takes, and returns whether it is a good one.
func (p *process) answer(sort, port string) bool {
	check, _, succeeds := p.script.find(sort, port, time.Since(p.started))
	select {
	case <-time.After(check.takes):
	case <-p.ended:
	}
	return succeeds
}

// listen opens a port in the time in which it is to be open.
func (p *process) listen(c check) {
	open := time.AfterFunc(c.from, func() {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, c.name))
		if err != nil {
			p.write("cannot serve: %v", err)
			return
		}
		go func() {
			<-p.ended
			listener.Close()
		}()
		if c.until != forever {
			time.AfterFunc(c.until-c.from, func() { listener.Close() })
		}
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
			p.write("accepts tcp %s attempt %d", c.name, p.attempt)
		}
	})
	p.close = append(p.close, func() { open.Stop() })
}

type health struct {
	grpc_health_v1.UnimplementedHealthServer
	process *process
	port    string
}

func (h *health) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	status := grpc_health_v1.HealthCheckResponse_SERVING
	if !h.process.answer("grpc", h.port) {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	h.process.write("answers grpc %s %s attempt %d", h.port, status, h.process.attempt)
	return &grpc_health_v1.HealthCheckResponse{Status: status}, nil
}
