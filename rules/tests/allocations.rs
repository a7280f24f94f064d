//! Evaluating allocates nothing: it runs once per request in the ledger's writer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod support;

use support::{base, document, limits, request, to_toml};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn evaluation_allocates_nothing() {
    let configuration = to_toml(
        "account 1
         config A codes=00 mcc=5411 min=2
           custom 1 check=amount amount=principal consider=savings impact=savings instead=7
           custom 2 check=amount amount=principal consider=available,overlimit impact=available opposite=held confirm=held counterpart=8/20
         config B codes=00
           custom 1 check=amount amount=principal consider=cash impact=cash",
    );
    let over_limit = "[[configurations]]\nlevel = \"tenant\"\nover_limit = { enable = true }\n\
                      limit_refund = { enable = false }\n";
    let mut documents = base();
    documents.push(document("balance-configurations/a.toml", &configuration));
    documents.push(document("over-limit/o.toml", over_limit));
    let rules = rules::compile(documents).unwrap();
    let asked = [
        request(&rules, "00 5 mcc=5411 n=3"),
        request(&rules, "00 5"),
        request(&rules, "20 5"),
        request(&rules, "31 0"),
    ];
    let own = limits("available=9 max=100 percent_hundredths=1000");
    let related = support::Related::of("8: available=1");
    assert_eq!(
        support::decide_with(&rules, "available=9", "8: held=5", "00 5 mcc=5411 n=3"),
        "A/2 available-5 held+5 [8 as 20 available+5 held-5] then held-5"
    );

    let profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get();
    for request in &asked {
        std::hint::black_box(rules.evaluate(request, &own));
        std::hint::black_box(rules.evaluate_with(request, &own, &related));
    }
    let after = dhat::HeapStats::get();
    assert_eq!(after.total_blocks, before.total_blocks);
    // What does allocate is seen here.
    std::hint::black_box(rules.trace(&asked[0], &own));
    assert!(dhat::HeapStats::get().total_blocks > after.total_blocks);
    drop(profiler);
}
