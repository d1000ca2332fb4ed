// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Round trips between two tasks of a tokio LocalSet, on one thread, a request
// by mpsc and its answer by oneshot: tokio-peer NAME MILLISECONDS

use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

type Request = (u64, oneshot::Sender<u64>);

// struct rusage of 64-bit Linux: two times in seconds and microseconds, and
// fourteen counts, of which the last two are those of context switches.
#[repr(C)]
#[derive(Default)]
struct Rusage([i64; 18]);

extern "C" {
    fn getrusage(who: i32, usage: *mut Rusage) -> i32;
}

// usage returns CPU time in nanoseconds, and context switches.
fn usage() -> (f64, i64) {
    let mut r = Rusage::default();
    if unsafe { getrusage(0, &mut r) } != 0 {
        panic!("getrusage failed");
    }
    let u = r.0;
    (((u[0] + u[2]) * 1_000_000_000 + (u[1] + u[3]) * 1000) as f64, u[16] + u[17])
}

async fn call(requests: &mpsc::Sender<Request>, n: u64) {
    for i in 0..n {
        let (tx, rx) = oneshot::channel();
        requests.send((i, tx)).await.expect("the server is gone");
        let got = rx.await.expect("no answer");
        assert_eq!(got, i + 1);
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    assert!(args.len() == 3, "usage: tokio-peer NAME MILLISECONDS");
    let name = args[1].clone();
    let ms: f64 = args[2].parse().expect("MILLISECONDS is a number");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("no runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (requests, mut inbox) = mpsc::channel::<Request>(1);
        tokio::task::spawn_local(async move {
            while let Some((x, reply)) = inbox.recv().await {
                let _ = reply.send(x + 1);
            }
        });
        let client = tokio::task::spawn_local(async move {
            call(&requests, 100).await;
            let mut n = 100;
            loop {
                let (start, (cpu, switches)) = (Instant::now(), usage());
                call(&requests, n).await;
                let wall = start.elapsed().as_nanos() as f64;
                let (cpu, switches) = (usage().0 - cpu, usage().1 - switches);
                if wall >= ms * 1e6 {
                    let per = n as f64;
                    println!(
                        "BenchmarkRoundTrip/{} {} {:.2} ns/op {:.2} cpu-ns/op {:.7} csw/op",
                        name,
                        n,
                        wall / per,
                        cpu / per,
                        switches as f64 / per
                    );
                    return;
                }
                n *= 2;
            }
        });
        client.await.expect("the client failed");
    });
}
