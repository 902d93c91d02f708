//! `podgate serve --otlp-endpoint`: where the spans of requests go, in builds with the feature `otlp`; elsewhere nowhere.

#[cfg(feature = "otlp")]
pub(super) use exported::SpanArgs;
#[cfg(not(feature = "otlp"))]
pub(super) use ignored::SpanArgs;

#[cfg(feature = "otlp")]
mod exported {
    use std::time::Duration;

    use crate::server::log::BoxedLayer;
    use crate::server::otlp::{OtlpError, Traces};

    #[derive(Debug, clap::Args)]
    #[command(next_help_heading = "Traces")]
    pub(crate) struct SpanArgs {
        /// OpenTelemetry collector that gets a span of every request, by OTLP over HTTP, such as http://localhost:4318; without
        /// it the variable OTEL_EXPORTER_OTLP_ENDPOINT says which, if any
        #[arg(long, env = "PODGATE_OTLP_ENDPOINT", value_name = "URL")]
        otlp_endpoint: Option<String>,
    }

    #[derive(Debug)]
    pub(crate) struct Spans(Option<Traces>);

    impl SpanArgs {
        pub(crate) fn start(&self) -> Result<Spans, OtlpError> {
            Traces::start(self.otlp_endpoint.as_deref()).map(Spans)
        }
    }

    impl Spans {
        pub(crate) fn layer(&self) -> Option<BoxedLayer> {
            self.0.as_ref().map(Traces::layer)
        }

        pub(crate) fn stop(self, timeout: Duration) {
            if let Some(traces) = self.0 {
                traces.stop(timeout);
            }
        }
    }
}

#[cfg(not(feature = "otlp"))]
// The same functions as above, of which nothing is left to do.
#[allow(clippy::unused_self, clippy::unnecessary_wraps)]
mod ignored {
    use std::convert::Infallible;
    use std::time::Duration;

    use crate::server::log::BoxedLayer;

    #[derive(Debug, clap::Args)]
    pub(crate) struct SpanArgs {}

    #[derive(Debug)]
    pub(crate) struct Spans;

    impl SpanArgs {
        pub(crate) fn start(&self) -> Result<Spans, Infallible> {
            Ok(Spans)
        }
    }

    impl Spans {
        pub(crate) fn layer(&self) -> Option<BoxedLayer> {
            None
        }

        pub(crate) fn stop(self, _timeout: Duration) {}
    }
}
