//! Whatever bytes a client sends, the sandbox goes on serving.

#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use standing_sandbox::{Provider, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static ROOM: RefCell<Option<(Runtime, Sandbox)>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    ROOM.with_borrow_mut(|room| {
        let (runtime, sandbox) = room.get_or_insert_with(|| {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let sandbox = runtime.block_on(Sandbox::builder().start()).expect("a sandbox");
            (runtime, sandbox)
        });
        runtime.block_on(async {
            for provider in Provider::ALL {
                let address = sandbox.endpoint(provider).replace("http://", "");
                let mut stream = TcpStream::connect(address).await.expect("it still listens");
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
                let mut answer = Vec::new();
                let read = stream.read_to_end(&mut answer);
                let _ = tokio::time::timeout(Duration::from_secs(5), read).await.expect("it ends");
            }
        });
        assert_eq!(sandbox.report().verified, 0);
    });
});
