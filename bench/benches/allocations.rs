//! How often one review allocates: `cargo bench --bench allocations`. Exact, whatever else the machine does.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use podgate_bench::CASES;
use podgate_engine::admission::handle;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for case in &CASES {
        let (engine, body) = ((case.engine)(), (case.body)());
        // Once before, for what is made at the first use.
        drop(handle(&engine, case.mode, &body));
        let before = dhat::HeapStats::get();
        drop(handle(&engine, case.mode, &body));
        let after = dhat::HeapStats::get();
        let (blocks, bytes) = (after.total_blocks - before.total_blocks, after.total_bytes - before.total_bytes);
        println!("{:40} {blocks:>8} allocations {bytes:>9} B", case.name);
    }
}
