//! What a rule says when it is broken or touched.

use std::fmt;

use super::Rule;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Documents disagree, and it works.
    Disagreement,
    /// Documents forbid it, shipping drivers do it, and it works.
    Warning,
    /// A document says that it fails, or a field cannot express it: the adapter does not start, or
    /// the allocation is not created.
    Error,
}

impl Severity {
    /// Every severity, the worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Error, Self::Warning, Self::Disagreement, Self::Note];
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Segments: number, names, sizes, addresses, flags.
    Segments,
    /// Apertures, the AGP aperture and limits on what is mapped.
    Apertures,
    /// Banks.
    Banks,
    /// What the CPU sees of a segment.
    CpuAccess,
    /// Power.
    Power,
    /// Invalid ranges, the boot frame buffer, the video protected range.
    Ranges,
    /// Budgets and reporting.
    Budgets,
    /// The paging buffer.
    PagingBuffer,
    /// System memory.
    SystemMemory,
    /// An allocation when it is created.
    Allocations,
}

impl Subject {
    /// The subject in a word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Apertures => "apertures",
            Self::Banks => "banks",
            Self::CpuAccess => "CPU access",
            Self::Power => "power",
            Self::Ranges => "ranges",
            Self::Budgets => "budgets",
            Self::PagingBuffer => "paging buffer",
            Self::SystemMemory => "system memory",
            Self::Allocations => "allocations",
        }
    }
}

/// A rule broken or touched at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The field, as a path in the configuration: `segments[1].commit_limit`. Of an allocation, the
    /// field of `AllocationInfo`: `preferred[0]`.
    pub field: String,
    /// What the field says.
    pub value: String,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.rule.severity()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, field, value } = self;
        write!(f, "{field} is {value}: {} ({}; {})", rule.sentence(), rule.id(), rule.source())
    }
}

/// Findings while they are collected, below a part of the configuration.
pub(super) struct Found<'a> {
    findings: &'a mut Vec<Finding>,
    /// Put before every field; empty, or ends in a dot.
    below: String,
}

impl<'a> Found<'a> {
    /// Fields of the whole.
    pub(super) const fn new(findings: &'a mut Vec<Finding>) -> Self {
        Self { findings, below: String::new() }
    }

    /// Fields of a part.
    pub(super) fn below(&mut self, part: &str) -> Found<'_> {
        Found { findings: self.findings, below: format!("{}{part}.", self.below) }
    }

    /// Adds a finding.
    pub(super) fn add(&mut self, rule: Rule, field: &str, value: impl Into<String>) {
        let field = format!("{}{field}", self.below);
        self.findings.push(Finding { rule, field, value: value.into() });
    }
}
