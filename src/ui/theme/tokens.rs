//! The colours of both themes, and the mixtures made from them.

use egui::{Color32, Theme, Ui};

use super::owners::{OWNER_HUES, OwnerColor, OwnerSlot, owner_slot};

const fn rgb(hex: u32) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

/// What moved which way. The same mark stands in tables, on the map and on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Into the memory of the GPU: triangle up.
    In,
    /// Out of it: triangle down.
    Out,
    /// Mapped, nothing moved: filled square.
    Map,
    /// Unmapped, nothing moved: hollow square.
    Unmap,
}

/// Every colour of one theme.
///
/// Contrast is counted against the worst ground in normal use, a panel or a bar, as the
/// Web Content Accessibility Guidelines do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    /// Which theme this is.
    pub theme: Theme,
    /// Ground of data: map, tables, bytes.
    pub canvas: Color32,
    /// Ground of an empty segment, distinct from the canvas.
    pub lane: Color32,
    /// Ground of side panels, one step from the canvas.
    pub panel: Color32,
    /// Ground of headers, tabs, transport, status and tooltips, two steps from the canvas.
    pub bar: Color32,
    /// Ground of text fields.
    pub input: Color32,
    /// Every separator is one point of this.
    pub separator: Color32,
    /// Ticks, brackets of banks, borders of controls.
    pub separator_strong: Color32,
    /// Free space: visible, never louder than a block.
    pub hatch: Color32,
    /// Names and values asked for.
    pub text: Color32,
    /// Facts, numbers beside names, hexadecimal words.
    pub text_secondary: Color32,
    /// Labels, units, what lies ahead of the playhead.
    pub text_faint: Color32,
    /// Selection, current row, playhead, pressed, focus; nothing else.
    pub accent: Color32,
    /// Ground of the current row.
    pub accent_ground: Color32,
    /// Links: whatever jumps somewhere.
    pub accent_text: Color32,
    /// All is well; always beside a check mark.
    pub ok: Color32,
    /// Take care; always beside a triangle.
    pub warn: Color32,
    /// Wrong; always beside a cross.
    pub error: Color32,
    /// Moved into GPU memory.
    pub moved_in: Color32,
    /// Moved out of GPU memory.
    pub moved_out: Color32,
    /// Mapped or unmapped.
    pub mapped: Color32,
    /// The hues owners are told apart by.
    pub owners: [Color32; OWNER_HUES],
    /// Owner "system", and whatever has no owner: never a hue, so that it recedes.
    pub owner_system: Color32,
    /// Share of the owner in the fill of a block, the rest is `lane`.
    pub block_tint: f32,
}

const DARK: Tokens = Tokens {
    theme: Theme::Dark,
    canvas: rgb(0x14_16_1A),
    lane: rgb(0x1A_1D_22),
    panel: rgb(0x1B_1E_23),
    bar: rgb(0x22_26_2C),
    input: rgb(0x15_18_1C),
    separator: rgb(0x31_36_3E),
    separator_strong: rgb(0x4A_51_5B),
    hatch: rgb(0x3F_46_50),
    text: rgb(0xE8_EA_ED),
    text_secondary: rgb(0xB3_BA_C4),
    text_faint: rgb(0x8A_93_A0),
    accent: rgb(0x6A_A9_FF),
    accent_ground: rgb(0x22_34_4D),
    accent_text: rgb(0x9C_C6_FF),
    ok: rgb(0x5C_C8_A1),
    warn: rgb(0xE9_B4_4C),
    error: rgb(0xF0_80_6A),
    moved_in: rgb(0x56_B4_E9),
    moved_out: rgb(0xE8_79_3A),
    mapped: rgb(0x9B_D6_A8),
    // Teal, sand, rose, purple, olive, cyan and wine after Paul Tol's "muted" scheme; wine is
    // lightened until its cap can be told from the lane.
    owners: [
        rgb(0x44_AA_99),
        rgb(0xDD_CC_77),
        rgb(0xCC_66_77),
        rgb(0xB0_6A_B3),
        rgb(0x99_99_33),
        rgb(0x88_CC_EE),
        rgb(0xB0_50_7F),
    ],
    owner_system: rgb(0x8A_93_A0),
    block_tint: 0.34,
};

const LIGHT: Tokens = Tokens {
    theme: Theme::Light,
    canvas: rgb(0xFF_FF_FF),
    lane: rgb(0xF3_F4_F6),
    panel: rgb(0xF6_F7_F9),
    bar: rgb(0xEC_EE_F1),
    input: rgb(0xFF_FF_FF),
    separator: rgb(0xD5_D9_DE),
    separator_strong: rgb(0x9A_A3_AE),
    hatch: rgb(0xCD_D2_D8),
    text: rgb(0x16_19_1D),
    text_secondary: rgb(0x43_4B_55),
    text_faint: rgb(0x63_6C_78),
    accent: rgb(0x1B_62_C4),
    accent_ground: rgb(0xDC_E9_FB),
    accent_text: rgb(0x17_4F_9E),
    ok: rgb(0x0B_7A_57),
    warn: rgb(0x9A_63_00),
    error: rgb(0xB3_36_1B),
    moved_in: rgb(0x00_72_B2),
    moved_out: rgb(0xC2_4E_00),
    mapped: rgb(0x11_77_33),
    // The same hues, darkened until a cap has 3:1 against white.
    owners: [
        rgb(0x2C_8C_7C),
        rgb(0x9A_82_1C),
        rgb(0xBF_4F_62),
        rgb(0x93_45_9A),
        rgb(0x6F_7F_22),
        rgb(0x2F_88_A6),
        rgb(0x88_22_55),
    ],
    owner_system: rgb(0x70_7A_86),
    block_tint: 0.30,
};

impl Tokens {
    /// The colours of `theme`.
    #[must_use]
    pub const fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    /// Colour of the owner called `name`: the same in every session, list and filter.
    ///
    /// Two names may share a colour; [`super::OwnerPalette`] keeps the owners of one session apart.
    #[must_use]
    pub fn owner_color(&self, name: &str) -> OwnerColor {
        self.owner(owner_slot(name))
    }

    /// Colour of the owner in `slot`.
    #[must_use]
    pub fn owner(&self, slot: OwnerSlot) -> OwnerColor {
        match slot {
            OwnerSlot::System => OwnerColor { color: self.owner_system, notched: false },
            OwnerSlot::Hue { index, notched } => {
                let color = self.owners.get(index).copied().unwrap_or(self.owner_system);
                OwnerColor { color, notched }
            }
        }
    }

    /// Colour of an operation's mark.
    #[must_use]
    pub const fn mark(&self, mark: Mark) -> Color32 {
        match mark {
            Mark::In => self.moved_in,
            Mark::Out => self.moved_out,
            Mark::Map | Mark::Unmap => self.mapped,
        }
    }

    /// Fill of a block: the lane with a share of its owner, so that text stays readable on it.
    #[must_use]
    pub fn block_fill(&self, owner: Color32) -> Color32 {
        mix(self.lane, owner, self.block_tint)
    }

    /// Edge of a block, one point wide.
    #[must_use]
    pub fn block_edge(&self, owner: Color32) -> Color32 {
        mix(self.lane, owner, 0.75)
    }

    /// Column of merged blocks, each narrower than a pixel.
    #[must_use]
    pub fn merged_fill(&self, owner: Color32) -> Color32 {
        mix(self.lane, owner, self.block_tint + 0.32)
    }

    /// Ground of rows and cards related to the current one, on `ground`.
    #[must_use]
    pub fn related_ground(&self, ground: Color32) -> Color32 {
        mix(ground, self.accent_ground, 0.4)
    }

    /// Ground of a row under the pointer, on `ground`.
    #[must_use]
    pub fn hover_ground(&self, ground: Color32) -> Color32 {
        mix(ground, self.text, 0.06)
    }

    /// Ground of a row that is in error, on `ground`.
    #[must_use]
    pub fn error_ground(&self, ground: Color32) -> Color32 {
        mix(ground, self.error, 0.16)
    }
}

/// The theme's colours where `ui` draws.
#[must_use]
pub fn tokens(ui: &Ui) -> &'static Tokens {
    Tokens::of(if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light })
}

/// The colours of the context's theme, where no `Ui` is at hand.
#[must_use]
pub fn tokens_of_context(context: &egui::Context) -> &'static Tokens {
    Tokens::of(context.theme())
}

/// `over` laid on `ground` with the weight `share` (0 to 1), channel by channel; opaque.
#[must_use]
pub fn mix(ground: Color32, over: Color32, share: f32) -> Color32 {
    let share = share.clamp(0.0, 1.0);
    let channel = |a: u8, b: u8| {
        let value = f32::from(a) * (1.0 - share) + f32::from(b) * share;
        // Between two numbers of 0 to 255 by the line above.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rounded = value.round() as u8;
        rounded
    };
    Color32::from_rgb(
        channel(ground.r(), over.r()),
        channel(ground.g(), over.g()),
        channel(ground.b(), over.b()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (low, high) = (luminance(a).min(luminance(b)), luminance(a).max(luminance(b)));
        (high + 0.05) / (low + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_ground() {
        for theme in [Theme::Dark, Theme::Light] {
            let tokens = Tokens::of(theme);
            for ground in [tokens.canvas, tokens.lane, tokens.panel, tokens.bar, tokens.input] {
                for (name, color, least) in [
                    ("text", tokens.text, 7.0),
                    ("secondary", tokens.text_secondary, 4.5),
                    ("faint", tokens.text_faint, 4.5),
                    ("link", tokens.accent_text, 4.5),
                    ("ok", tokens.ok, 4.5),
                    ("warn", tokens.warn, 4.3),
                    ("error", tokens.error, 4.5),
                ] {
                    let found = contrast(color, ground);
                    assert!(found >= least, "{theme:?} {name} on {ground:?}: {found:.2}");
                }
            }
        }
    }

    #[test]
    fn owners_show_on_the_lane_and_carry_text() {
        for theme in [Theme::Dark, Theme::Light] {
            let tokens = Tokens::of(theme);
            for owner in tokens.owners.into_iter().chain([tokens.owner_system]) {
                let cap = contrast(owner, tokens.lane);
                assert!(cap >= 3.0, "{theme:?} cap {owner:?}: {cap:.2}");
                let text = contrast(tokens.text, tokens.block_fill(owner));
                assert!(text >= 5.5, "{theme:?} text on {owner:?}: {text:.2}");
            }
        }
    }

    #[test]
    fn mixing_reaches_both_ends_and_rounds() {
        let (black, grey) = (Color32::BLACK, Color32::from_rgb(3, 100, 255));
        assert_eq!(mix(black, grey, 0.0), black);
        assert_eq!(mix(black, grey, 1.0), grey);
        assert_eq!(mix(black, grey, 0.5), Color32::from_rgb(2, 50, 128));
        assert_eq!(mix(black, grey, 7.0), grey);
    }
}
