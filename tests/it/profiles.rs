//! The profiles: drivers that ship break no rule of error severity, whatever else there is to say.

use vidmm_inspector::kmd::profiles;
use vidmm_inspector::machine::Machine;
use vidmm_inspector::rules::{Severity, check_adapter};

#[test]
fn every_profile_starts_and_has_no_error() {
    let all = profiles();
    assert_eq!(
        all.len(),
        9,
        "ours, two samples, two of VirtualBox, virtio, standard VGA, two of uXen"
    );
    for profile in all {
        let (checked, findings) = check_adapter(&profile.adapter);
        let errors: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity() == Severity::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", profile.name);
        assert!(checked.is_some(), "{}", profile.name);
        assert!(profile.adapter.quirks.is_empty(), "{}: documented behaviour holds", profile.name);
        let machine = Machine::new(&profile.adapter, Default::default(), &profile);
        assert!(machine.started().is_ok(), "{}: {:?}", profile.name, machine.started().err());
    }
}

/// What drivers do though a document forbids it, or documents disagree on, is said.
#[test]
fn what_shipping_drivers_do_against_the_documents_is_said() {
    let said = |profile: &str, rule: &str| {
        let profile = vidmm_inspector::kmd::profile(profile).expect(profile);
        let findings = check_adapter(&profile.adapter).1;
        assert!(findings.iter().any(|found| found.rule.id() == rule), "{rule}: {findings:?}");
    };
    said("render-only-sample", "coherent-memory");
    said("render-only-sample", "visible-aperture");
    said("render-only-sample", "commit-zero");
    said("compute-only-sample", "coherent-memory");
    said("uxen", "paging-buffer-memory");
    said("uxen", "segment-overlap");
    said("virtualbox-legacy", "segment-overlap");
}
