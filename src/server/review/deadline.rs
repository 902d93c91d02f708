//! Reads the time until which the caller waits for an answer.

use std::time::Duration;

use axum::http::Uri;
use tokio::time::Instant;

/// The API server's default for `timeoutSeconds` of a webhook, assumed where a caller names no time.
const DEFAULT_TIMEOUT_SECONDS: u32 = 10;
/// The most that the API server allows.
const MAX_TIMEOUT_SECONDS: u32 = 30;
/// For the answer's way back, and for the time before the request was seen here.
const MARGIN: Duration = Duration::from_millis(500);

/// Returns the time until which the caller of a request that has arrived just now can use an answer: the API server names it in
/// the query (`?timeout=10s`).
pub(crate) fn deadline_of(uri: &Uri) -> Instant {
    let seconds = uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout=")?.strip_suffix('s')?.parse::<u32>().ok())
        .unwrap_or(DEFAULT_TIMEOUT_SECONDS)
        .clamp(1, MAX_TIMEOUT_SECONDS);
    Instant::now() + Duration::from_secs(seconds.into()).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn deadline_is_that_of_the_caller() {
        for (uri, milliseconds) in [
            ("/validate", 9_500),
            ("/validate?timeout=5s", 4_500),
            ("/validate?a=b&timeout=1s", 500),
            ("/validate?timeout=0s", 500),
            ("/validate?timeout=4000000000s", 29_500),
            ("/validate?timeout=99999999999999s", 9_500),
            ("/validate?timeout=", 9_500),
            ("/validate?timeout=1m", 9_500),
        ] {
            let wait = deadline_of(&uri.parse().unwrap()) - Instant::now();
            assert_eq!(wait, Duration::from_millis(milliseconds), "{uri}");
        }
    }
}
