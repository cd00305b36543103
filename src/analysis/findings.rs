//! What the rules say of an adapter, told for people: worst first, each with its subject.
//!
//! Nothing here lists the severities: they are ordered by how bad they are, and a new one takes
//! its place by its order and its word.

use std::fmt;

use crate::base::{AllocationId, SegmentId};
use crate::machine::{Command, Run};
use crate::rules::{AllocationKind, Finding, Severity, check_allocation};
use crate::session::Names;

use super::adapter::{finding_sentence, severity_count, severity_word};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingSubject {
    /// The adapter as a whole.
    Adapter,
    /// One of its segments.
    Segment(SegmentId),
    /// An allocation.
    Allocation(AllocationId),
}

impl FindingSubject {
    /// The subject of a field of the adapter: `segments[1].flags` is of segment 2.
    #[must_use]
    pub fn of_field(field: &str) -> Self {
        let index = field.strip_prefix("segments[").and_then(|rest| rest.split_once(']'));
        index
            .and_then(|(index, _)| index.parse().ok())
            .and_then(SegmentId::from_index)
            .map_or(Self::Adapter, Self::Segment)
    }
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: FindingSubject,
    /// The short name of the rule.
    pub rule: &'static str,
    /// The field, as a path in the configuration.
    pub field: String,
    /// What the field says.
    pub value: String,
    /// The rule as a sentence.
    pub sentence: String,
    /// The document that says so.
    pub source: &'static str,
    /// The name of the allocation that it is about; empty for the adapter and its segments.
    pub about: String,
}

impl FindingRow {
    /// Of a finding on an allocation as it is created.
    #[must_use]
    pub fn of_allocation(id: AllocationId, name: &str, finding: &Finding) -> Self {
        let subject = FindingSubject::Allocation(id);
        Self { subject, about: name.to_owned(), ..Self::of(finding) }
    }

    /// Of a finding on an adapter.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity(),
            subject: FindingSubject::of_field(&finding.field),
            rule: finding.rule.id(),
            field: finding.field.clone(),
            value: finding.value.clone(),
            sentence: finding_sentence(finding),
            source: finding.rule.source(),
            about: String::new(),
        }
    }

    /// Whether each word of a filter is in it somewhere, whatever the case.
    #[must_use]
    pub fn matches(&self, filter: &str) -> bool {
        let severity = severity_word(self.severity);
        let own = [severity, self.rule, &self.field, &self.value, &self.sentence, self.source];
        let parts = [&own[..], &[self.about.as_str()]].concat();
        let all = parts.join("\n").to_lowercase();
        filter.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }

    /// Field and value: `segments[1].flags is 0x00000015`.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{} is {}", self.field, self.value)
    }
}

impl fmt::Display for FindingRow {
    /// Everything, for the clipboard and for screen readers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = severity_word(self.severity);
        let Self { rule, sentence, source, .. } = self;
        write!(f, "{severity}: {sentence}. {} (rule {rule}, source: {source})", self.said())
    }
}

/// All findings on an adapter, worst first, otherwise in the order of its fields.
#[must_use]
pub fn adapter_findings(found: &[Finding]) -> Vec<FindingRow> {
    let mut rows: Vec<FindingRow> = found.iter().map(FindingRow::of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    rows
}

/// The findings of a session, collected a part at a time, so that a session of a million
/// allocations does not hold the window up.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Worst first; of the adapter, then of the allocations in the order in which they are
    /// created.
    rows: Vec<FindingRow>,
    /// Commands looked at.
    commands: usize,
    started: bool,
    /// Findings beyond [`MOST_ROWS`], only counted.
    beyond: u64,
}

/// Findings that are kept; the rest is counted.
pub const MOST_ROWS: usize = 5_000;

impl Collected {
    /// Looks at no more than `most` commands. Says whether there are more.
    pub fn advance(&mut self, run: &Run, names: &Names, most: usize) -> bool {
        let machine = run.machine();
        let before = self.rows.len();
        if !self.started {
            self.rows.extend(machine.findings().iter().map(FindingRow::of));
            self.started = true;
        }
        let commands = run.commands();
        let end = self.commands.saturating_add(most).min(commands.len());
        // Without an adapter that starts, there is nothing to check an allocation against.
        if let Ok(started) = machine.started() {
            let adapter = started.vidmm().adapter();
            for command in commands.get(self.commands..end).unwrap_or_default() {
                let Command::CreateAllocation(create) = command else { continue };
                let kind = AllocationKind {
                    shared: create.shared,
                    primary: create.primary,
                    has_existing_pages: create.existing.is_some(),
                };
                for finding in check_allocation(adapter, &create.info, kind) {
                    if self.rows.len() >= MOST_ROWS {
                        self.beyond = self.beyond.saturating_add(1);
                        continue;
                    }
                    let (id, name) = (create.allocation, names.allocation(create.allocation));
                    self.rows.push(FindingRow::of_allocation(id, name, &finding));
                }
            }
        }
        self.commands = end;
        if self.rows.len() != before {
            self.rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
        }
        end < commands.len()
    }

    /// What was found so far.
    #[must_use]
    pub fn rows(&self) -> &[FindingRow] {
        &self.rows
    }

    /// How many there are, those that were not kept included.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX).saturating_add(self.beyond)
    }

    /// Findings that were only counted.
    #[must_use]
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }
}

/// How many of each severity there are, worst first; only those that there are.
#[must_use]
pub fn counts(severities: impl Iterator<Item = Severity>) -> Vec<(Severity, u64)> {
    let mut counts = std::collections::BTreeMap::new();
    for severity in severities {
        *counts.entry(std::cmp::Reverse(severity)).or_insert(0) += 1;
    }
    counts.into_iter().map(|(severity, count)| (severity.0, count)).collect()
}

/// Counts in words: `1 error, 2 warnings`; `no findings` for none.
#[must_use]
pub fn counts_text(counts: &[(Severity, u64)]) -> String {
    if counts.is_empty() {
        return "no findings".to_owned();
    }
    let parts = counts.iter().map(|(severity, count)| severity_count(*count, *severity));
    parts.collect::<Vec<String>>().join(", ")
}

/// The findings of one rule together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFindings {
    /// How bad they are.
    pub severity: Severity,
    /// The short name of the rule.
    pub rule: &'static str,
    /// The rule as a sentence.
    pub sentence: String,
    /// The document that says so.
    pub source: &'static str,
    /// The subject of the first.
    pub subject: FindingSubject,
    /// Each field with its value.
    pub said: Vec<String>,
}

/// Findings by rule, in the order of the first of each.
#[must_use]
pub fn by_rule(rows: &[FindingRow]) -> Vec<RuleFindings> {
    let mut rules: Vec<RuleFindings> = Vec::new();
    for row in rows {
        match rules.iter_mut().find(|known| known.rule == row.rule) {
            Some(known) => known.said.push(row.said()),
            None => rules.push(RuleFindings {
                severity: row.severity,
                rule: row.rule,
                sentence: row.sentence.clone(),
                source: row.source,
                subject: row.subject,
                said: vec![row.said()],
            }),
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rule;

    fn finding(rule: Rule, field: &str) -> Finding {
        Finding { rule, field: field.to_owned(), value: "0x1".to_owned() }
    }

    fn segment(number: u8) -> FindingSubject {
        FindingSubject::Segment(SegmentId::new(number).expect("from 1 to 31"))
    }

    #[test]
    fn a_field_of_the_second_segment_is_about_segment_2() {
        let table = [
            ("segments[1].flags", segment(2)),
            ("segments[0].name", segment(1)),
            ("segments[30]", segment(31)),
            ("segments[31].size", FindingSubject::Adapter),
            ("segments", FindingSubject::Adapter),
            ("segments[x].size", FindingSubject::Adapter),
            ("paging_buffer.size", FindingSubject::Adapter),
            ("system_memory", FindingSubject::Adapter),
        ];
        for (field, subject) in table {
            assert_eq!(FindingSubject::of_field(field), subject, "{field}");
        }
    }

    #[test]
    fn the_worst_come_first_and_are_counted() {
        let found = [
            finding(Rule::PitchSegment, "segments[0].flags"),
            finding(Rule::SizeZero, "segments[1].size"),
            finding(Rule::CoherentMemory, "segments[0].flags"),
            finding(Rule::CommitAboveSize, "segments[2].commit_limit"),
        ];
        let rows = adapter_findings(&found);
        let rules: Vec<&str> = rows.iter().map(|row| row.rule).collect();
        let expected =
            ["segment-size-zero", "commit-above-size", "coherent-memory", "pitch-segment"];
        assert_eq!(rules, expected);
        let counts = counts(found.iter().map(Finding::severity));
        let expected = [(Severity::Error, 2), (Severity::Warning, 1), (Severity::Note, 1)];
        assert_eq!(counts, expected);
        assert_eq!(counts_text(&counts), "2 errors, 1 warning, 1 note");
        assert_eq!(counts_text(&[]), "no findings");
    }

    #[test]
    fn one_rule_broken_twice_is_told_once() {
        let found = [
            finding(Rule::CoherentMemory, "segments[0].flags"),
            finding(Rule::ReservedBits, "segments[0].flags"),
            finding(Rule::CoherentMemory, "segments[1].flags"),
        ];
        let rules = by_rule(&adapter_findings(&found));
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].said, ["segments[0].flags is 0x1", "segments[1].flags is 0x1"]);
        assert_eq!(rules[0].subject, segment(1));
    }

    #[test]
    fn a_filter_looks_through_everything_that_is_said() {
        let row = FindingRow::of(&finding(Rule::SizeZero, "segments[1].size"));
        for filter in ["", "ERROR", "size-zero", "segments[1]", "0x1 size", "descriptor"] {
            assert!(row.matches(filter), "{filter}");
        }
        assert!(!row.matches("size warning"));
        assert!(row.to_string().starts_with("error: A segment has a size. segments[1].size is"));
    }
}
