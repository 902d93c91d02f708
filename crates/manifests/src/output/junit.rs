//! JUnit XML: one suite a file, one test case a finding.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::{Located, Outcome, Problem};
use podgate_engine::rules::Level;

/// The outcome as JUnit XML. Findings of `fail_on` and above are failures, what could not be judged is an error; other
/// findings pass and are told in the case's output. A file without either is one case, which passes if anything in it was
/// judged and is skipped otherwise.
pub fn write(outcome: &Outcome, fail_on: Option<Level>) -> Result<String, SerializeError> {
    let mut report = Report::new("podgate");
    // A problem may be with a file that was never read.
    let mut files: BTreeMap<&str, usize> = outcome.problems.iter().map(|problem| (&*problem.file, 0)).collect();
    files.extend(outcome.files.iter().map(|file| (&*file.name, file.judged)));
    // And a finding in one that was judged as part of something else.
    for finding in &outcome.findings {
        files.entry(&finding.spot.file).or_insert(1);
    }
    let (mut findings, mut problems) = (outcome.findings.iter().peekable(), outcome.problems.iter().peekable());
    for (file, judged) in files {
        let mut suite = TestSuite::new(file);
        while let Some(problem) = problems.next_if(|problem| &*problem.file == file) {
            suite.add_test_case(error(problem));
        }
        while let Some(finding) = findings.next_if(|finding| &*finding.spot.file == file) {
            suite.add_test_case(case(finding, fail_on));
        }
        if suite.tests == 0 && judged == 0 {
            suite.add_test_case(skipped("nothing to judge", "no object of a kind that podgate judges"));
        } else if suite.tests == 0 {
            suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        }
        report.add_test_suite(suite);
    }
    let lines = outcome.reasons();
    if !lines.is_empty() {
        let mut suite = TestSuite::new("not judged");
        suite.add_test_cases(lines.iter().map(|line| skipped(line, "not judged")));
        report.add_test_suite(suite);
    }
    // Jenkins' schema knows no `skipped` of a whole report.
    report.skipped = 0;
    report.to_string().map(|text| text.replacen(" skipped=\"0\"", "", 1))
}

fn skipped(name: &str, message: &str) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    TestCase::new(name, status)
}

fn error(problem: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(problem.to_string());
    TestCase::new("can be judged", status)
}

fn case(finding: &Located, fail_on: Option<Level>) -> TestCase {
    let (spot, rule) = (&finding.spot, finding.rule.id);
    let object = &spot.object;
    let name = format!("{rule}: {} {}/{} {}", object.kind, object.namespace, object.name, spot.path);
    let text = format!("{}:{}: {}[{rule}] {}", spot.file, spot.place, finding.level, finding.message);
    if fail_on.is_some_and(|least| finding.level >= least) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(rule).set_message(finding.message.as_str()).set_description(text);
        TestCase::new(name, status)
    } else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_system_out(text);
        case
    }
}
