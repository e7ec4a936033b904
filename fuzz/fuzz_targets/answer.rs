//! Whatever bytes a server answers with, a call ends, with few words, and is made once at most if it is
//! billed.

#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use standing_accuauth::AccuAuth;
use standing_accuauth::check::CheckDebtsReport;
use standing_core::{Client, Credentials};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

struct Room {
    runtime: Runtime,
    listener: TcpListener,
    client: Client<AccuAuth>,
}

thread_local! {
    static ROOM: RefCell<Option<Room>> = const { RefCell::new(None) };
}

fn room() -> Room {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let client = Client::builder()
        .endpoint(format!("http://{}", listener.local_addr().expect("an address")))
        .credentials(Credentials::new("invented-id", "invented-secret"))
        .attempt_timeout(Duration::from_secs(2))
        .build()
        .expect("a client");
    Room { runtime, listener, client }
}

fuzz_target!(|bytes: &[u8]| {
    ROOM.with_borrow_mut(|room_or_none| {
        let Room { runtime, listener, client } = room_or_none.get_or_insert_with(room);
        runtime.block_on(async {
            let serve = async {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
                while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
            };
            let look_up = CheckDebtsReport::for_mobile("6281200000001");
            let (outcome, ()) = tokio::join!(client.send(&look_up), serve);
            if let Err(error) = outcome {
                assert_eq!(error.attempts(), 1);
                assert!(error.to_string().len() < 4096);
            }
        });
    });
});
