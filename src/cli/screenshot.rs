//! `screenshot`: the window as a picture, without a display.

use std::path::Path;

use crate::app::{Action, App, Appearance, Item, Opened, Settings, Tab};
use crate::machine::Place;
use crate::render::png;
use crate::ui::picture::{PanelName, picture};

use super::args::{ScreenshotArguments, ThemeArgument};
use super::source::read_session;
use super::{Status, Streams};

pub(super) fn screenshot(
    arguments: &ScreenshotArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let panel = match arguments.panel.as_deref().map(str::parse::<PanelName>).transpose() {
        Ok(panel) => panel.unwrap_or(PanelName::Window),
        Err(error) => {
            writeln!(streams.err, "{error}")?;
            return Ok(Status::Unusable);
        }
    };
    let appearance = match arguments.theme {
        ThemeArgument::Dark => Appearance::Dark,
        ThemeArgument::Light => Appearance::Light,
    };
    let mut app = App::new(Settings { appearance });
    if let Some(session) = &arguments.session {
        let Some(mut opened) = read_session(session, streams.err)? else {
            return Ok(Status::Unusable);
        };
        if !prepare(&mut opened, arguments, streams)? {
            return Ok(Status::Unusable);
        }
        app.show(opened);
        if let Some(tab) = panel.tab() {
            app.dispatch(Action::SetTab(tab));
            // No window stands still meanwhile, however much is resident.
            if tab == Tab::Power {
                app.dispatch(Action::TrySleeps);
            }
        }
    }
    let (width, height) = arguments.size;
    let points = [f32::from(width), f32::from(height)];
    let image = picture(&mut app, panel, points, f32::from(arguments.scale));
    write_png(&image, &arguments.out, streams)
}

/// Stands where the arguments say and selects what they name; says whether it could.
fn prepare(
    opened: &mut Opened,
    arguments: &ScreenshotArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<bool> {
    let last = Place::after(opened.run().commands().len());
    let place = arguments.step.unwrap_or(last);
    // Arriving by one step, so that the picture shows what that step changed.
    let before = Place::after(place.command.saturating_sub(1));
    if !opened.go_to(before) || !opened.go_to(place) {
        writeln!(streams.err, "there is no step {place}; the last command is {last}")?;
        return Ok(false);
    }
    let Some(name) = &arguments.select else { return Ok(true) };
    let names = opened.names();
    let item = names
        .find_allocation(name)
        .map(Item::Allocation)
        .or_else(|| names.find_segment(name).map(Item::Segment))
        .or_else(|| names.find_process(name).map(Item::Process))
        .or_else(|| name.parse().ok().map(Item::Step));
    if item.is_none() {
        let kinds = "allocation, segment, process or step";
        writeln!(streams.err, "there is no {kinds} called `{name}`")?;
        return Ok(false);
    }
    opened.select(item);
    Ok(true)
}

/// Writes a picture to a file.
pub(super) fn write_png(
    image: &image::RgbaImage,
    path: &Path,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let written = png(image)
        .map_err(|error| error.to_string())
        .and_then(|bytes| std::fs::write(path, bytes).map_err(|error| error.to_string()));
    if let Err(error) = written {
        writeln!(streams.err, "{}: {error}", path.display())?;
        return Ok(Status::Unusable);
    }
    writeln!(streams.out, "{} ({} x {})", path.display(), image.width(), image.height())?;
    Ok(Status::Success)
}
