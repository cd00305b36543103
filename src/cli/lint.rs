//! `lint`: every rule that a session's adapter and allocations break or touch, and what the adapter
//! reports of its memory. Nothing runs. `lint --rules` lists the rule book.
//!
//! The JSON document is a stable interface: keys are only added within a version; a change of
//! meaning raises [`VERSION`]. Sizes are numbers of bytes. Absent things are `null`.
//!
//! | key | meaning |
//! |---|---|
//! | `version` | 1 |
//! | `session` | the file |
//! | `title` | of the session |
//! | `starts` | whether the adapter breaks no rule of error severity |
//! | `allocations_checked` | allocations looked at; 0 where the adapter does not start |
//! | `counts` | findings by severity: `error`, `warning`, `disagreement`, `note` |
//! | `findings` | the worst first; of one severity, the adapter's first, then by command |
//! | `left_off` | findings counted but not listed: each severity lists 4,096 |
//! | `totals` | what the adapter reports of its memory |
//!
//! A finding: `rule` (id), `severity`, `subject`, `command` (number from 1) with its `line` and
//! `allocation` (name) where it concerns one, `field` (path in the session), `value`, `sentence`,
//! `source`, `fix` (what to do).
//!
//! Totals: `available_for_graphics`, `dedicated_video`, `dedicated_system`, `max_shared_system`,
//! `shared_system`, `total_video`; `groups` with `local`, `non_local`, `non_budget`.
//!
//! With `--rules`: `version`, and `rules`, each with `rule`, `severity`, `subject`, `sentence`,
//! `source`, `fix`.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::analysis::adapter::severity_word;
use crate::app::profile_adapter;
use crate::base::Bytes;
use crate::base::text::{count, counted, size};
use crate::machine::Command;
use crate::rules::{
    AllocationKind, Finding, Rule, Severity, Totals, check_adapter, check_allocation, totals,
};
use crate::session::{Session, command_lines, load, open};

use super::args::LintArguments;
use super::{Status, Streams};

/// The version of the document.
const VERSION: u32 = 1;

/// Findings of one severity that are listed; the rest is counted.
const MOST_LISTED: usize = 4096;

pub(super) fn lint(
    arguments: &LintArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let Some(path) = arguments.session.as_deref().filter(|_| !arguments.rules) else {
        if arguments.json {
            write_json(&rules_value(), streams.out)?;
        } else {
            write_rules(streams.out)?;
        }
        return Ok(Status::Success);
    };
    let Some(report) = read(path, streams.err)? else { return Ok(Status::Unusable) };
    if arguments.json {
        write_json(&report.value(), streams.out)?;
    } else {
        report.write(streams.out)?;
    }
    let errors = report.group(Severity::Error).count;
    Ok(if errors == 0 { Status::Success } else { Status::Failure })
}

/// A finding with the command that it concerns, if it does.
struct Located {
    finding: Finding,
    command: Option<At>,
}

/// A command that creates an allocation.
struct At {
    number: usize,
    line: u32,
    allocation: String,
}

/// Findings of one severity.
struct Group {
    severity: Severity,
    count: u64,
    listed: Vec<Located>,
}

/// All that `lint` says of a session.
struct Report {
    session: String,
    title: String,
    starts: bool,
    allocations_checked: u64,
    /// The worst first.
    groups: [Group; 4],
    totals: Totals,
}

/// Reads and judges a session; what is wrong with its text is written to `err`.
fn read(path: &Path, err: &mut dyn Write) -> std::io::Result<Option<Report>> {
    let name = path.display().to_string();
    let opened = load::read(path).map_err(|error| vec![error]).and_then(|text| {
        let session = open(&text, &name, &profile_adapter)?;
        Ok((session, command_lines(&text)))
    });
    match opened {
        Ok((session, lines)) => Ok(Some(Report::new(name, &session, &lines))),
        Err(errors) => {
            for error in errors {
                writeln!(err, "{error}")?;
            }
            Ok(None)
        }
    }
}

impl Report {
    fn new(name: String, session: &Session, lines: &[u32]) -> Self {
        let bound = &session.bound;
        let (checked, findings) = check_adapter(&bound.adapter);
        let mut report = Self {
            session: name,
            title: session.document.title.clone(),
            starts: checked.is_some(),
            allocations_checked: 0,
            groups: Severity::WORST_FIRST.map(|severity| Group {
                severity,
                count: 0,
                listed: Vec::new(),
            }),
            totals: totals(&bound.adapter),
        };
        for finding in findings {
            report.add(finding, "adapter", || None);
        }
        let Some(checked) = checked else { return report };
        for (index, command) in bound.commands.iter().enumerate() {
            let Command::CreateAllocation(create) = command else { continue };
            report.allocations_checked += 1;
            let kind = AllocationKind {
                shared: create.shared,
                primary: create.primary,
                has_existing_pages: create.existing.is_some(),
            };
            let below = format!("commands[{index}].CreateAllocation");
            for finding in check_allocation(&checked, &create.info, kind) {
                report.add(finding, &below, || {
                    Some(At {
                        number: index + 1,
                        line: lines.get(index).copied().unwrap_or_default(),
                        allocation: bound.names.allocation(create.allocation).to_owned(),
                    })
                });
            }
        }
        report
    }

    fn add(&mut self, mut finding: Finding, below: &str, command: impl Fn() -> Option<At>) {
        let severity = finding.severity();
        let group = self.groups.iter_mut().find(|group| group.severity == severity);
        let Some(group) = group else { return };
        group.count += 1;
        if group.listed.len() < MOST_LISTED {
            finding.field = format!("{below}.{}", finding.field);
            group.listed.push(Located { finding, command: command() });
        }
    }

    /// The findings of a severity.
    fn group(&self, severity: Severity) -> &Group {
        let found = self.groups.iter().find(|group| group.severity == severity);
        found.unwrap_or(&self.groups[0])
    }

    fn value(&self) -> Value {
        let of = |severity| self.group(severity).count;
        let listed: Vec<Value> =
            self.groups.iter().flat_map(|group| &group.listed).map(Located::value).collect();
        json!({
            "version": VERSION,
            "session": self.session,
            "title": self.title,
            "starts": self.starts,
            "allocations_checked": self.allocations_checked,
            "counts": {
                "error": of(Severity::Error),
                "warning": of(Severity::Warning),
                "disagreement": of(Severity::Disagreement),
                "note": of(Severity::Note),
            },
            "left_off": self.groups.iter().map(Group::left_off).sum::<u64>(),
            "findings": listed,
            "totals": totals_value(&self.totals),
        })
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let counts: Vec<String> = self
            .groups
            .iter()
            .filter(|group| group.count > 0)
            .map(|group| heading(group.severity, group.count))
            .collect();
        let counts = if counts.is_empty() { "no finding".to_owned() } else { counts.join(", ") };
        writeln!(out, "{}: {counts}", self.session)?;
        if self.starts {
            let checked = counted(self.allocations_checked, "allocation");
            writeln!(out, "the adapter starts; {checked} looked at")?;
        } else {
            writeln!(out, "the adapter does not start; allocations were not looked at")?;
        }
        for group in self.groups.iter().filter(|group| group.count > 0) {
            writeln!(out)?;
            writeln!(out, "{}", heading(group.severity, group.count))?;
            for located in &group.listed {
                located.write(out)?;
            }
            if group.left_off() > 0 {
                writeln!(out, "  and {} more", count(group.left_off()))?;
            }
        }
        writeln!(out)?;
        write_totals(&self.totals, out)
    }
}

impl Group {
    /// Findings that are counted but not listed.
    fn left_off(&self) -> u64 {
        self.count.saturating_sub(u64::try_from(self.listed.len()).unwrap_or(u64::MAX))
    }
}

/// `2 errors`; for those on which documents disagree, `2 on which documents disagree`.
fn heading(severity: Severity, number: u64) -> String {
    match severity {
        Severity::Disagreement => format!("{} on which documents disagree", count(number)),
        other => counted(number, severity_word(other)),
    }
}

impl Located {
    fn value(&self) -> Value {
        let Finding { rule, field, value } = &self.finding;
        let at = self.command.as_ref();
        json!({
            "rule": rule.id(),
            "severity": severity_key(rule.severity()),
            "subject": rule.subject().name(),
            "command": at.map(|at| at.number),
            "line": at.map(|at| at.line),
            "allocation": at.map(|at| at.allocation.as_str()),
            "field": field,
            "value": value,
            "sentence": rule.sentence(),
            "source": rule.source(),
            "fix": rule.fix(),
        })
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Finding { rule, field, value } = &self.finding;
        writeln!(out, "  {}", rule.id())?;
        if let Some(At { number, line, allocation }) = &self.command {
            writeln!(out, "    step {number}, line {line}, allocation {allocation}")?;
        }
        writeln!(out, "    {field} is {value}")?;
        write_rule(*rule, out)
    }
}

/// Sentence, source and fix of a rule.
fn write_rule(rule: Rule, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "    {}", rule.sentence())?;
    if let Some(fix) = rule.fix() {
        writeln!(out, "    to do: {fix}")?;
    }
    writeln!(out, "    source: {}", rule.source())
}

/// The severity as JSON spells it.
const fn severity_key(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Disagreement => "disagreement",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn totals_value(totals: &Totals) -> Value {
    json!({
        "available_for_graphics": totals.available_for_graphics.get(),
        "dedicated_video": totals.dedicated_video.get(),
        "dedicated_system": totals.dedicated_system.get(),
        "max_shared_system": totals.max_shared_system.get(),
        "shared_system": totals.shared_system.get(),
        "total_video": totals.total_video.get(),
        "groups": {
            "local": totals.groups.local.get(),
            "non_local": totals.groups.non_local.get(),
            "non_budget": totals.groups.non_budget.get(),
        },
    })
}

fn write_totals(totals: &Totals, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "reported")?;
    let rows: [(&str, Bytes); 9] = [
        ("available for graphics", totals.available_for_graphics),
        ("dedicated video memory", totals.dedicated_video),
        ("dedicated system memory", totals.dedicated_system),
        ("most shared system memory", totals.max_shared_system),
        ("shared system memory", totals.shared_system),
        ("total video memory", totals.total_video),
        ("local budget group", totals.groups.local),
        ("non-local budget group", totals.groups.non_local),
        ("without budget group", totals.groups.non_budget),
    ];
    for (name, bytes) in rows {
        let bytes = bytes.get();
        writeln!(out, "  {name:<26} {:>10}  {} bytes", size(bytes), count(bytes))?;
    }
    Ok(())
}

fn rules_value() -> Value {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| {
            json!({
                "rule": rule.id(),
                "severity": severity_key(rule.severity()),
                "subject": rule.subject().name(),
                "sentence": rule.sentence(),
                "source": rule.source(),
                "fix": rule.fix(),
            })
        })
        .collect();
    json!({ "version": VERSION, "rules": rules })
}

/// The rule book by subject.
fn write_rules(out: &mut dyn Write) -> std::io::Result<()> {
    let number = u64::try_from(Rule::ALL.len()).unwrap_or(u64::MAX);
    writeln!(out, "{}", counted(number, "rule"))?;
    let mut subject = None;
    for rule in Rule::ALL {
        if subject != Some(rule.subject()) {
            subject = Some(rule.subject());
            writeln!(out)?;
            writeln!(out, "{}", rule.subject().name())?;
        }
        writeln!(out, "  {} ({})", rule.id(), severity_word(rule.severity()))?;
        write_rule(*rule, out)?;
    }
    Ok(())
}

fn write_json(value: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
