//! Counts steps and bytes of one call.

use std::sync::atomic::{AtomicU64, Ordering};

use peak_alloc::PeakAlloc;

use super::FACTOR;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a review may hold whatever it is about: the findings that are kept, and the answer.
const CONSTANT_BYTES: usize = 2 * 1024 * 1024;

static STEPS: AtomicU64 = AtomicU64::new(0);

/// Is called by instrumented code, once before it runs; there is nothing to prepare.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_trace_pc_guard_init(_start: *mut u32, _stop: *mut u32) {}

/// Is called by instrumented code at every edge of its control flow.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_trace_pc_guard(_guard: *mut u32) {
    // One thread counts at a time; what another one adds in between may be lost, which is a few steps.
    STEPS.store(STEPS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// What a longer input costs beside a shorter one.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Steps of the longer, as a multiple of those of the shorter.
    pub steps: f64,
    /// The most memory that was held at once beyond [`CONSTANT_BYTES`], as a multiple of the longer input.
    pub memory: f64,
}

/// Measures `call` with inputs of `count` and of [`FACTOR`] times `count` parts. `make` gives the input and its size in bytes.
/// Returns the growth, and what `call` returned for the shorter and for the longer.
pub fn growth<I, O>(count: usize, make: impl Fn(usize) -> (I, usize), call: impl Fn(&I) -> O) -> (Growth, [O; 2]) {
    let measure = |count: usize| {
        let (input, size) = make(count);
        ALLOCATOR.reset_peak_usage();
        let held = ALLOCATOR.current_usage();
        let begin = STEPS.load(Ordering::Relaxed);
        let came = call(&input);
        let steps = STEPS.load(Ordering::Relaxed) - begin;
        let memory = ALLOCATOR.peak_usage().saturating_sub(held + CONSTANT_BYTES) as f64 / size as f64;
        (steps as f64, memory, came)
    };
    let (few, _, of_few) = measure(count);
    let (many, memory, of_many) = measure(FACTOR * count);
    assert!(few > 0.0, "nothing was counted: run tests/growth/run, which has the code instrumented");
    (Growth { steps: many / few, memory }, [of_few, of_many])
}
