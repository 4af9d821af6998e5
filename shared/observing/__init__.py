"""What is told of a running process: figures for Prometheus, traces for OpenTelemetry."""
