//! What must not compile: a response from anything but a durable outcome or a refusal. The compiler's
//! words are in the `.stderr` files beside the programs; `TRYBUILD=overwrite` writes them anew.

#[test]
fn nothing_else_becomes_a_response() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
