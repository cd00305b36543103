//! vidmm
