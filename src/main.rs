//! Start-up only: everything else is in the library.

fn main() -> std::process::ExitCode {
    vidmm_inspector::cli::main()
}
