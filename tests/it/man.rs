//! The man page, made from the same description as `--help`.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use roff::{Roff, bold, italic, roman};
use vidmm_inspector::cli::Arguments;

/// The page that comes with the program.
const PAGE: &str = "assets/vidmm-inspector.1";

/// A part of a help text, such as `Exit status:`, with its entries.
struct Section<'a> {
    title: &'a str,
    /// Terms, and what each means.
    entries: Vec<(&'a str, String)>,
}

/// The sections of a help text. Entries begin two columns in with their term; what it means stands
/// after two spaces, or further in on lines of its own.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let words = line.trim_start();
        if let Some(title) = line.strip_suffix(':').filter(|_| words.len() == line.len()) {
            sections.push(Section { title, entries: Vec::new() });
            continue;
        }
        let entries = &mut sections.last_mut().expect("a section begins with its title").entries;
        if line.len() - words.len() == 2 {
            let (term, meaning) = words.split_once("  ").unwrap_or((words, ""));
            entries.push((term, meaning.trim_start().to_owned()));
        } else {
            let (_, meaning) = entries.last_mut().expect("a section begins with a term");
            if !meaning.is_empty() {
                meaning.push(' ');
            }
            meaning.push_str(words);
        }
    }
    sections
}

/// The page as far as it is written.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Appends what a piece says, without the lines that every piece begins with.
    fn push(&mut self, piece: &Roff) {
        let text = piece.render();
        let begin = Roff::new().render();
        self.0.push_str(text.strip_prefix(&begin).unwrap_or(&text));
    }

    fn heading(&mut self, level: &str, title: &str) {
        self.push(Roff::new().control(level, [title]));
    }

    fn entries(&mut self, section: &Section<'_>) {
        for (term, meaning) in &section.entries {
            let mut piece = Roff::new();
            piece.control("TP", []).text([bold(*term)]).text([roman(meaning.as_str())]);
            self.push(&piece);
        }
    }

    /// A part as the maker of pages writes it, without its heading.
    fn part(&mut self, render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) {
        let mut bytes = Vec::new();
        render(&mut bytes).expect("memory takes any output");
        let text = String::from_utf8(bytes).expect("pages are UTF-8");
        let (_, headed) = text.split_once(".SH ").unwrap_or_default();
        self.0.push_str(headed.split_once('\n').unwrap_or_default().1);
    }

    /// How a command is called: what has to be given stands last and without brackets.
    fn synopsis(&mut self, command: &Command) {
        let command = bare(command);
        let mut arguments: Vec<&clap::Arg> = command.get_arguments().collect();
        arguments.sort_by_key(|argument| (argument.is_positional(), argument.is_required_set()));
        let mut words = vec![bold(command.get_bin_name().unwrap_or_default())];
        for argument in arguments {
            let (open, close) = if argument.is_required_set() { ("", "") } else { ("[", "]") };
            words.push(roman(format!(" {open}")));
            let flag = argument.get_long().map(|long| format!("--{long}"));
            let takes = argument.get_action().takes_values();
            words.extend(flag.as_ref().map(|flag| bold(flag.as_str())));
            if takes {
                let names = argument.get_value_names().unwrap_or_default().join(" ");
                let space = if flag.is_some() { " " } else { "" };
                words.extend([roman(space), italic(names)]);
            }
            words.push(roman(close));
            if matches!(argument.get_action(), clap::ArgAction::Append) {
                words.push(roman("..."));
            }
        }
        self.push(Roff::new().text(words));
    }
}

/// A command with its own arguments, and neither those that every command has nor subcommands.
fn bare(command: &Command) -> Command {
    let own = |argument: &&clap::Arg| !["help", "version"].contains(&argument.get_id().as_str());
    Command::new("")
        .bin_name(command.get_bin_name().unwrap_or(command.get_name()))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(command.get_arguments().filter(own).cloned())
}

/// The page of the program.
fn page() -> String {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let name = program.get_name().to_owned();
    let version = program.get_version().unwrap_or_default().to_owned();
    let man = Man::new(program.clone());
    let mut page = Page(Roff::new().render());
    // No date: it would be that of the version. Ragged lines without hyphens read best with options.
    page.0.push_str(&format!(
        ".TH {} 1 \"\" \"{name} {version}\" \"User Commands\"\n.ad l\n.nh\n",
        name.to_uppercase(),
    ));
    page.heading("SH", "NAME");
    page.part(|out| man.render_name_section(out));
    page.heading("SH", "SYNOPSIS");
    page.synopsis(&program);
    for command in program.get_subcommands() {
        page.push(Roff::new().control("br", []));
        page.synopsis(command);
    }
    page.heading("SH", "DESCRIPTION");
    page.part(|out| man.render_description_section(out));
    page.heading("SH", "OPTIONS");
    page.part(|out| man.render_options_section(out));
    page.heading("SH", "COMMANDS");
    for command in program.get_subcommands() {
        page.heading("SS", command.get_name());
        let man = Man::new(command.clone());
        page.part(|out| man.render_description_section(out));
        page.push(Roff::new().control("PP", []));
        page.synopsis(command);
        let man = Man::new(bare(command));
        page.part(|out| man.render_options_section(out));
        let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for section in sections(&more) {
            let title = format!("{}:", section.title);
            page.push(Roff::new().control("PP", []).text([roman(title)]));
            page.entries(&section);
        }
    }
    let more = program.get_after_help().map(ToString::to_string).unwrap_or_default();
    for section in sections(&more) {
        page.heading("SH", &section.title.to_uppercase());
        page.entries(&section);
    }
    page.0
}

/// `UPDATE_GOLDEN=1` renews the page.
#[test]
fn the_man_page_says_what_help_says() {
    let page = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(PAGE).expect("the page is part of the package");
    assert!(kept == page, "{PAGE} is out of date: UPDATE_GOLDEN=1 cargo test --test it man");
}

#[test]
fn the_man_page_names_every_command_option_and_exit_status() {
    let page = page();
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let commands = ["check", "lint", "replay", "screenshot", "import"];
    let found: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    assert_eq!(found, commands);
    for command in program.get_subcommands().chain([&program]) {
        let heading = format!("\n.SS {}\n", command.get_name());
        let part = match page.split_once(&heading) {
            Some((_, part)) => part.split("\n.SS ").next().unwrap_or(part),
            None => &page,
        };
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            let entry = match option {
                "help" => "\n.TP\n\\fB-h\\fR, \\fB--help\\fR",
                "version" => "\n.TP\n\\fB-V\\fR, \\fB--version\\fR",
                _ => &format!("\n.TP\n\\fB--{option}\\fR"),
            };
            let whole = ["help", "version"].contains(&option);
            let text = if whole { &page } else { part };
            assert!(text.contains(&entry.replace('-', "\\-")), "{heading}--{option}");
        }
        assert!(part.contains("\n\\fB0\\fR\n") && part.contains("\n\\fB2\\fR\n"), "{heading}");
    }
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXAMPLES", "FILES"] {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}");
    }
}

#[test]
fn sections_of_help_are_told_apart() {
    let status = "Exit status:\n  0  All holds.\n  1  Some\n     does not.\n\n";
    let text = format!("{status}Examples:\n  a b\n      What it does.");
    let found = sections(&text);
    let titles: Vec<&str> = found.iter().map(|section| section.title).collect();
    assert_eq!(titles, ["Exit status", "Examples"]);
    assert_eq!(found[0].entries[1], ("1", "Some does not.".to_owned()));
    assert_eq!(found[1].entries, [("a b", "What it does.".to_owned())]);
    assert!(sections("").is_empty());
}
