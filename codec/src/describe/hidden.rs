//! What is hidden although no dialect says that it is sensitive.
//!
//! Owns the list of elements whose content the standard leaves to the networks: verification values, tokens and account
//! numbers stand there. Must never shrink because a network is known: its dialect names the structure instead, and
//! what a structure describes without a sensitivity is shown.

use crate::element::Element;
use crate::meaning::Edition;

/// Longest value of an element beyond 128 that its name explains: longer ones are containers.
const LONGEST_PLAIN: usize = 40;

/// Whether the standard does not say what is in this element. Beyond 128 there is no standard.
pub(super) fn is_private(edition: Edition, element: Element, length: usize) -> bool {
    let number = element.number();
    match (edition, number) {
        (_, 129..) => length > LONGEST_PLAIN,
        (_, 47 | 48 | 59..=63 | 104 | 112..=128) => true,
        (Edition::V1987, 46 | 55..=58 | 105..=111) => true,
        (Edition::V1993, 55) => true,
        // Electronic commerce data, verification data, customer data.
        (Edition::V2003, 34 | 43 | 49..=51 | 55 | 71 | 72 | 111) => true,
        _ => false,
    }
}
