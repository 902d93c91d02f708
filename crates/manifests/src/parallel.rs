//! Does the same for every item of a list: on several threads with the feature `parallel`, on the caller's without.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// The stack of a thread, in bytes; only what is used is ever taken. Documents nest deep, and a thread that waits takes up
/// other work on top of its own.
#[cfg(feature = "parallel")]
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Runs `work` where [`map`] finds threads.
#[cfg(feature = "parallel")]
pub(crate) fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build() {
        Ok(pool) => pool.install(work),
        // No threads to be had; there is always this one.
        Err(_) => work(),
    }
}

/// Runs `work`.
#[cfg(not(feature = "parallel"))]
pub(crate) fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    work()
}

/// Returns how many items are worked on at a time.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    return 1;
}

/// Returns what `each` makes of the items, in their order. Fewer than `few` items are not worth another thread.
pub(crate) fn map<'t, T: Sync, R: Send>(items: &'t [T], few: usize, each: impl Fn(&'t T) -> R + Sync + Send) -> Vec<R> {
    #[cfg(feature = "parallel")]
    return items.par_iter().with_min_len(few).map(each).collect();
    #[cfg(not(feature = "parallel"))]
    {
        let _ = few;
        items.iter().map(each).collect()
    }
}

/// Returns what `each` makes of stretches of `size` items, one after the other.
pub(crate) fn map_chunks<'t, T: Sync, R: Send>(
    items: &'t [T],
    size: usize,
    each: impl Fn(&'t [T]) -> Vec<R> + Sync + Send,
) -> Vec<R> {
    #[cfg(feature = "parallel")]
    return items.par_chunks(size).flat_map_iter(each).collect();
    #[cfg(not(feature = "parallel"))]
    items.chunks(size).flat_map(each).collect()
}
