//! Exports the spans of requests to an OpenTelemetry collector, by OTLP over HTTP:
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
//!
//! Spans wait in a queue of bounded length, and a thread of its own sends them: whether a collector is there or not,
//! requests are answered as fast. What cannot be sent is lost, and the log says so.

use std::env;
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use rustls::{ClientConfig, RootCertStore};
use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use super::log::{BoxedLayer, clean};
use super::span::{RequestSpan, TARGET};
use super::trace_context::TraceContext;
use crate::server::crypto::provider;

/// Variables that name a collector, if no flag does: <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
const ENDPOINT_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// Path that is added to the collector's address.
const TRACES_PATH: &str = "v1/traces";
/// For one attempt to send; the retries of a batch are bounded by `OTEL_EXPORTER_OTLP_TIMEOUT`.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The log says that spans are lost once in this time.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);
/// Name of the spans' service where `OTEL_SERVICE_NAME` gives none.
const SERVICE_NAME: &str = "podgate";

/// Reasons for which spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// An address or another variable that cannot be used.
    #[error("cannot export spans: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// No thread, or no TLS.
    #[error("cannot export spans")]
    System(#[from] io::Error),
}

/// Sends spans until it is told to stop.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Exports to the collector at `endpoint`, or to that of the variables `OTEL_EXPORTER_OTLP_…`; `None` where neither says
    /// that there is one. The variables `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER` and `OTEL_BSP_…`
    /// are honoured.
    pub fn start(endpoint: Option<&str>) -> Result<Option<Self>, OtlpError> {
        let is_named = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        if endpoint.is_none() && !ENDPOINT_VARIABLES.into_iter().any(is_named) {
            return Ok(None);
        }
        let exporter = Exporter::new(endpoint)?;
        Ok(Some(Self(SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build())))
    }

    /// Returns the layer that takes the spans, for [`log::init`](super::log::init).
    pub fn layer(&self) -> BoxedLayer {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(SERVICE_NAME))
            // What is the same in every span.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
            .boxed()
    }

    /// Sends what is left, and stops. Blocks until that is done, or for `timeout`, but no longer than anybody should wait for
    /// traces; what was not sent then is lost.
    pub fn stop(self, timeout: Duration) {
        if let Err(cause) = self.0.shutdown_with_timeout(timeout.min(STOP_TIMEOUT)) {
            let cause = cause.to_string();
            warn!(cause, "the last spans are lost");
        }
    }
}

/// Returns what the variables say of this process, and its version.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let detected = Resource::builder().with_attribute(version);
    let name = Resource::builder().build().get(&Key::from_static_str("service.name"));
    if name.is_none_or(|name| name.as_str().starts_with("unknown_service")) {
        return detected.with_service_name(SERVICE_NAME).build();
    }
    detected.build()
}

/// The span that sent the request is the parent of `span`; whether that is sampled decides over this, unless
/// `OTEL_TRACES_SAMPLER` says otherwise.
pub(crate) fn set_parent(span: &RequestSpan, caller: Option<TraceContext<'_>>, headers: &HeaderMap) {
    let Some(caller) = caller.filter(|_| !span.0.is_disabled()) else { return };
    let (Ok(trace_id), Ok(span_id)) = (TraceId::from_hex(caller.trace_id), SpanId::from_hex(caller.parent_id)) else {
        return;
    };
    let flags = if caller.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let state: Vec<_> = headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok()).collect();
    // A state that is not valid is as good as none.
    let state = state.join(",").parse::<TraceState>().unwrap_or_default();
    let parent = SpanContext::new(trace_id, span_id, flags, true, state);
    // Fails where whoever takes spans does not know of OpenTelemetry.
    let _ = span.0.set_parent(Context::new().with_remote_span_context(parent));
}

/// Sends batches on the thread that hands them over, and tells of those that are lost.
struct Exporter {
    otlp: opentelemetry_otlp::SpanExporter,
    /// For the client, which the thread of the batches has none for. It is not that of the requests, so that these do not wait
    /// for it.
    runtime: tokio::runtime::Runtime,
    lost: Mutex<Lost>,
}

#[derive(Debug, Default)]
struct Lost {
    spans: usize,
    told: Option<Instant>,
}

impl Exporter {
    fn new(endpoint: Option<&str>) -> Result<Self, OtlpError> {
        let client = HyperClient::new(connector()?, SEND_TIMEOUT, None);
        let mut otlp = opentelemetry_otlp::SpanExporter::builder().with_http().with_http_client(client);
        if let Some(endpoint) = endpoint {
            otlp = otlp.with_endpoint(format!("{}/{TRACES_PATH}", endpoint.trim_end_matches('/')));
        }
        Ok(Self {
            otlp: otlp.build()?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            lost: Mutex::default(),
        })
    }

    fn lose(&self, spans: usize, cause: &OTelSdkError) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.spans += spans;
        if lost.told.is_some_and(|told| told.elapsed() < COMPLAINT_INTERVAL) {
            return;
        }
        let (spans, cause) = (std::mem::take(&mut lost.spans), cause.to_string());
        lost.told = Some(Instant::now());
        warn!(
            spans,
            cause = clean(&cause).as_ref(),
            "spans could not be exported and are lost; --log-level debug says why"
        );
    }
}

/// Speaks HTTP/1.1, with TLS where the address says https.
fn connector() -> Result<HttpsConnector<HttpConnector>, OtlpError> {
    let connector = if let Ok(connector) = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider()) {
        connector
    } else {
        // A container may hold no certificates at all, and plain HTTP needs none.
        let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?;
        let config = config.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(config)
    };
    Ok(connector.https_or_http().enable_http1().build())
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("otlp", &self.otlp).finish_non_exhaustive()
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        if let Err(cause) = self.runtime.block_on(self.otlp.export(batch)) {
            self.lose(spans, &cause);
        }
        // Told already.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}
