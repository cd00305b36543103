//! Keys of the actions: taken out of the input at the start of a pass, before egui uses arrows for
//! the focus or space for a button.

use egui::{Context, Event, Key as EguiKey, Modifiers, PointerButton};

use crate::app::registry::ENTRIES;
use crate::app::{Action, App, Chord, Entry, Key};

/// The actions whose keys were pressed, in the order of the keys.
///
/// While a text field has the focus only the key of the palette is taken, and only Escape while it is
/// asked what is to become of changes or of a file. While a menu is open, only keys that are
/// pressed with Control are taken, the rest moves in the menu.
pub(super) fn pressed(context: &Context, app: &App) -> Vec<Action> {
    let typing = context.text_edit_focused();
    let menu = egui::Popup::is_any_open(context);
    let asked = app.unsaved_question().is_some() || app.conflict_question().is_some();
    let mut actions = Vec::new();
    context.input_mut(|input| {
        input.events.retain(|event| {
            if let Some(action) = side_button(event) {
                if !asked {
                    actions.push(action);
                }
                return true;
            }
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            let Some(entry) = entry_of(*key, *modifiers) else { return true };
            if menu && !modifiers.command {
                return true;
            }
            if (asked && entry.action != Action::Escape)
                || (typing && entry.action != Action::TogglePalette)
            {
                return true;
            }
            if app.can(entry.when) {
                actions.push(entry.action.clone());
                return false;
            }
            // Without a session, arrows move on the start page; with one they belong to it, also
            // at its end.
            app.session().is_none()
        });
    });
    actions
}

/// The buttons at the side of a mouse go back and forward through selections.
const fn side_button(event: &Event) -> Option<Action> {
    match event {
        Event::PointerButton { button: PointerButton::Extra1, pressed: true, .. } => {
            Some(Action::SelectionBack)
        }
        Event::PointerButton { button: PointerButton::Extra2, pressed: true, .. } => {
            Some(Action::SelectionForward)
        }
        _ => None,
    }
}

fn entry_of(key: EguiKey, modifiers: Modifiers) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.keys.iter().any(|chord| fits(*chord, key, modifiers)))
}

fn fits(chord: Chord, key: EguiKey, modifiers: Modifiers) -> bool {
    // Where a sign needs Shift differs from keyboard to keyboard.
    let sign = matches!(chord.key, Key::Character(sign) if !sign.is_alphabetic());
    egui_key(chord.key) == Some(key)
        && chord.control == modifiers.command
        && chord.alt == modifiers.alt
        && (sign || chord.shift == modifiers.shift)
}

fn egui_key(key: Key) -> Option<EguiKey> {
    Some(match key {
        Key::Character(character) => return EguiKey::from_name(character.encode_utf8(&mut [0; 4])),
        Key::Left => EguiKey::ArrowLeft,
        Key::Right => EguiKey::ArrowRight,
        Key::Space => EguiKey::Space,
        Key::Home => EguiKey::Home,
        Key::End => EguiKey::End,
        Key::Escape => EguiKey::Escape,
        Key::Function(number) => return EguiKey::from_name(&format!("F{number}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Level;

    #[test]
    fn every_key_of_an_action_exists() {
        for entry in ENTRIES {
            for chord in entry.keys {
                assert!(egui_key(chord.key).is_some(), "{chord} of {}", entry.text);
            }
        }
    }

    #[test]
    fn what_is_held_down_decides() {
        let action = |key, modifiers| entry_of(key, modifiers).map(|entry| entry.action.clone());
        let step = Action::Forward(Some(Level::Operation));
        assert_eq!(action(EguiKey::F10, Modifiers::NONE), Some(step));
        let back = Action::Back(Some(Level::Operation));
        assert_eq!(action(EguiKey::F10, Modifiers::SHIFT), Some(back));
        assert_eq!(action(EguiKey::ArrowLeft, Modifiers::ALT), Some(Action::SelectionBack));
        assert_eq!(action(EguiKey::S, Modifiers::COMMAND), Some(Action::Save));
        let shift = Modifiers::COMMAND | Modifiers::SHIFT;
        assert_eq!(action(EguiKey::S, shift), Some(Action::SaveAs));
        assert_eq!(action(EguiKey::S, Modifiers::NONE), None);
        // A question mark needs Shift on most keyboards, and the event says so.
        assert_eq!(action(EguiKey::Questionmark, Modifiers::SHIFT), Some(Action::ToggleHelp));
        assert_eq!(action(EguiKey::Questionmark, Modifiers::NONE), Some(Action::ToggleHelp));
    }

    #[test]
    fn side_buttons_of_the_mouse_go_through_selections() {
        let button = |button, pressed| Event::PointerButton {
            pos: egui::Pos2::ZERO,
            button,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let back = button(PointerButton::Extra1, true);
        assert_eq!(side_button(&back), Some(Action::SelectionBack));
        let forward = button(PointerButton::Extra2, true);
        assert_eq!(side_button(&forward), Some(Action::SelectionForward));
        assert_eq!(side_button(&button(PointerButton::Extra1, false)), None);
        assert_eq!(side_button(&button(PointerButton::Primary, true)), None);
    }

    #[test]
    fn arrows_stay_with_the_start_page_while_no_session_is_open() {
        let context = Context::default();
        let arrow = Event::Key {
            key: EguiKey::ArrowRight,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let run = |app: &App| {
            let input = egui::RawInput { events: vec![arrow.clone()], ..Default::default() };
            let mut found = (Vec::new(), 0);
            let mut output = context.run_ui(input, |ui| {
                found.0 = pressed(ui.ctx(), app);
                found.1 = ui.input(|input| input.events.len());
            });
            output.textures_delta.clear();
            found
        };
        let mut app = App::default();
        assert_eq!(run(&app), (vec![], 1));
        assert!(app.open_embedded("tour.ron"));
        assert_eq!(run(&app), (vec![Action::Forward(Some(Level::Command))], 0));
        app.dispatch(Action::ToEnd);
        app.work(&mut || true);
        assert_eq!(run(&app), (vec![], 0));
    }
}
