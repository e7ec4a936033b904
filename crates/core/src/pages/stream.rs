//! Items as a `Stream`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::items::Items;
use crate::error::Error;
use crate::paginated::Paginated;

type Step<O> = (Items<O>, Option<Result<<O as Paginated>::Item, Error>>);

enum State<O: Paginated> {
    Waiting(Pin<Box<dyn Future<Output = Step<O>> + Send>>),
    Ended,
}

struct ItemStream<O: Paginated>(State<O>);

fn step<O: Paginated>(mut items: Items<O>) -> State<O> {
    State::Waiting(Box::pin(async move {
        let item = items.next().await;
        (items, item)
    }))
}

impl<O: Paginated> Stream for ItemStream<O> {
    type Item = Result<O::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let State::Waiting(waiting) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let (items, item) = ready!(waiting.as_mut().poll(context));
        self.0 = match item {
            Some(Ok(_)) => step(items),
            // The error has the cursor with which a new walk resumes.
            Some(Err(_)) | None => State::Ended,
        };
        Poll::Ready(item)
    }
}

impl<O: Paginated> Items<O> {
    /// Turns the walk into a stream of items. It ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<O::Item, Error>> + Send + Unpin {
        ItemStream(step(self))
    }
}
