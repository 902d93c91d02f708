//! `bodies FOLDER` writes the body of each case to a file of its own, for `load`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{fs, path::Path};

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    for case in &podgate_bench::CASES {
        let name = case.name.replace([' ', ','], "-").replace("--", "-");
        fs::write(Path::new(&folder).join(format!("{name}.json")), (case.body)()).unwrap();
    }
}
