//! What must not compile: ways around the gate between deciding and answering. The compiler's words are
//! in the `.stderr` files beside the programs; `TRYBUILD=overwrite` writes them anew.

#[test]
fn there_is_no_way_around_the_gate() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
