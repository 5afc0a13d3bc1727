//! The one warp filter. Every request that passes the server's checks goes through it.
//!
//! A request whose document exists is answered at once. A document that must be made is made on the bounded render pool. Searches have
//! their own bound, so that they never delay pages. Files are opened on threads that may wait for a disk. The [`RequestContext`] counts
//! and logs all of them.
//!
//! Warp gets no header and no body: the whole head of a request is one extension ([`RequestHead`]), and the filter is one function
//! of it. With warp's own filters for method, path, query and header a 304 cost a third more.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::either::Either;
use url::form_urlencoded;
use warp::{Filter, Reply};

use super::base_path::without_base;
use super::confidential;
use super::hub;
use super::media::{ResponseBody, to_warp};
use super::preview::{self, events};
use super::problem::{problem, too_many_searches, unavailable};
use super::query::{LONGEST_QUERY, parse_listing_query};
use super::ready::find_ready;
use super::renders_in_progress::{DocumentKey, RenderGuard};
use super::request::Request;
use super::request_context::{RequestContext, RequestTrace};
use super::routes;
use super::server::{RequestHead, request_head};
use super::shared_drafts::DraftPath;
use super::target::Target;
use crate::push::hub::Hub;
use crate::site::listing::QueryPart;
use crate::site::{AddressOwner, Site, Viewer};
use crate::storage::{ShareKey, Storage};
use crate::time::Timestamp;

/// How long a search waits for a permit.
const SEARCH_PATIENCE: Duration = Duration::from_millis(500);

/// Returns the filter that answers every request from the site that `site` returns at that moment.
pub fn filter<S>(site: S, context: RequestContext) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    // warp clones a filter for every request
    let context = Arc::new(context);
    request_head().then(move |head| respond(site(), &context, head))
}

/// A response, or a future of it.
type Responding = Either<Ready<warp::reply::Response>, Pin<Box<dyn Future<Output = warp::reply::Response> + Send>>>;

fn respond(site: Arc<Site>, context: &Arc<RequestContext>, head: Arc<RequestHead>) -> Responding {
    match answer_at_once(&site, context, &head) {
        Ok(response) => Either::Left(ready(response.into_response())),
        Err(UnansweredRequest {
            target,
            base_length,
            trace,
            now,
        }) => {
            let pending = PendingRequest {
                site,
                context: Arc::clone(context),
                head,
                target,
                base_length,
                trace,
                now,
            };
            Either::Right(Box::pin(pending.answer()))
        }
    }
}

/// A request that was not answered at once.
#[derive(Debug)]
pub struct UnansweredRequest {
    target: Option<Target>,
    base_length: usize,
    trace: RequestTrace,
    now: Timestamp,
}

/// Answers a request if nothing has to be rendered, read from a disk or waited for.
///
/// # Errors
///
/// [`UnansweredRequest`]: something has to.
pub fn answer_at_once(site: &Site, context: &RequestContext, head: &RequestHead) -> Result<Response<Bytes>, UnansweredRequest> {
    let is_reading = matches!(head.method, Method::GET | Method::HEAD);
    let takes_forms = context.hub.is_some() && !is_reading && is_hub(site, context, head);
    let is_answered = is_reading || (takes_forms && head.method == Method::POST);
    if !is_answered {
        let allowed = if takes_forms { routes::TAKING_FORMS } else { routes::READING };
        return Ok(context.refuse_method(head, allowed));
    }
    let now = Timestamp::now();
    let base_length = context.length_of_base(site, head.path());
    let path = without_base(head.path(), base_length);
    let target = Target::parse(path);
    let trace = context.begin(target.as_ref());
    let request = Request::new(target.as_ref(), path, head.query(), &head.headers, now);
    let response = context
        .rate_limit_refusal(&trace, head)
        .or_else(|| refusal(context, &request))
        .or_else(|| is_reading.then(|| ready_response(site, context, &request)).flatten());
    match response {
        Some(response) => Ok(context.finish(&trace, head, site, response, |body| body.len() as u64)),
        None => Err(UnansweredRequest {
            target,
            base_length,
            trace,
            now,
        }),
    }
}

/// Whether a request is for the hub of `site`, which is on.
fn is_hub(site: &Site, context: &RequestContext, head: &RequestHead) -> bool {
    let path = without_base(head.path(), context.length_of_base(site, head.path()));
    Target::parse(path) == Some(Target::Hub) && site.config().hub_address().is_some()
}

/// Returns the response to a request that may not see the preview, or that comes while the server stops.
fn refusal(context: &RequestContext, request: &Request) -> Option<Response<Bytes>> {
    if let Some(preview) = &context.preview
        && let Some(refusal) = preview.key.refusal(request.path, request.query, request.headers)
    {
        return Some(refusal);
    }
    (request.target == Some(&Target::Readiness) && context.stopping.is_cancelled()).then(stopping)
}

/// Returns the response whose document exists already. A preview has none: it changes what the public sees.
fn ready_response(site: &Site, context: &RequestContext, request: &Request) -> Option<Response<Bytes>> {
    if context.preview.is_some() {
        return None;
    }
    let ready = find_ready(site, request)?;
    Some(routes::answer_with(site, request, Some(ready)))
}

/// A request that needs a thread, with all that it is answered from.
struct PendingRequest {
    site: Arc<Site>,
    context: Arc<RequestContext>,
    head: Arc<RequestHead>,
    target: Option<Target>,
    /// How much of the path is that of `site.base_url`.
    base_length: usize,
    trace: RequestTrace,
    now: Timestamp,
}

/// The work that a request needs.
enum Work {
    /// Opening a file.
    File(String),
    /// A form for the hub.
    Form(Arc<Hub>),
    /// A search.
    Search,
    /// A document that several requests may want at the same time.
    Document(Box<DocumentKey>),
    /// Anything else.
    Other,
}

impl PendingRequest {
    async fn answer(self) -> warp::reply::Response {
        let pending = Arc::new(self);
        let response = pending.respond().await;
        let PendingRequest {
            site,
            context,
            head,
            trace,
            ..
        } = &*pending;
        to_warp(context.finish(trace, head, site, response, ResponseBody::length))
    }

    async fn respond(self: &Arc<Self>) -> Response<ResponseBody> {
        let context = &self.context;
        if let Some(preview) = &context.preview
            && self.path() == events::PATH
        {
            return preview.events.answer(&self.head.method, Arc::clone(&self.head.stopping));
        }
        if self.target == Some(Target::Events)
            && let Some(events) = &context.events
        {
            let response = events.answer(&self.head, context.client(&self.head));
            return match &context.preview {
                Some(_) => confidential::for_author(response),
                None => response,
            };
        }
        match self.work() {
            Work::File(path) => self.run_blocking(move |pending| pending.open_file(&path)).await,
            // the hub may be busy with an announcement
            Work::Form(hub) => {
                let answer = move |pending: &PendingRequest| hub::answer_form(&pending.site, &hub, &pending.head);
                self.run_blocking(move |pending| answer(pending).map(ResponseBody::from))
                    .await
            }
            Work::Search => {
                let permit = Arc::clone(&context.searches).acquire_owned();
                match timeout(SEARCH_PATIENCE, permit).await {
                    Ok(Ok(permit)) => self.render(permit, None).await,
                    Ok(Err(_)) => stopping().map(ResponseBody::from),
                    Err(_) => too_many_searches().map(ResponseBody::from),
                }
            }
            Work::Document(key) => {
                let guard = context.in_progress.begin(*key).await;
                if guard.is_none()
                    && let Some(response) = ready_response(&self.site, context, &self.request())
                {
                    return response.map(ResponseBody::from);
                }
                self.render_in(&context.render_pool, guard).await
            }
            Work::Other => self.render_in(&context.render_pool, None).await,
        }
    }

    /// The path below the address of the site.
    fn path(&self) -> &str {
        without_base(self.head.path(), self.base_length)
    }

    fn request(&self) -> Request<'_> {
        let head = &self.head;
        Request::new(self.target.as_ref(), self.path(), head.query(), &head.headers, self.now)
    }

    fn work(&self) -> Work {
        if let Some(hub) = self.context.hub.as_ref().filter(|_| self.head.method == Method::POST) {
            return Work::Form(Arc::clone(hub));
        }
        let (site, query) = (&self.site, self.head.query());
        let document = |key| match self.context.preview {
            None => Work::Document(Box::new(key)),
            // pages of a preview are not kept
            Some(_) => Work::Other,
        };
        // the documents that a static file may have the place of
        let address = match &self.target {
            Some(Target::Address(address)) => Some(address.as_str()),
            Some(Target::Icon | Target::RasterIcon | Target::Robots | Target::Moved(_)) => Some(self.path()),
            _ => None,
        };
        if let Some(AddressOwner::File(path)) = address.and_then(|address| site.holder(address)) {
            return Work::File(path.into_string());
        }
        match &self.target {
            Some(Target::Media(path)) => Work::File(path.clone()),
            Some(Target::Search) => {
                let mut pairs = form_urlencoded::parse(query.as_bytes());
                let has_words = pairs.any(|(name, value)| name == "q" && !value.trim().is_empty());
                if has_words { Work::Search } else { Work::Other }
            }
            Some(Target::Listing) if query.len() <= LONGEST_QUERY => {
                match parse_listing_query(query, site.config().list.per_page) {
                    Ok(query) if matches!(query.part, QueryPart::Search(..)) => Work::Search,
                    Ok(query) => document(DocumentKey::Listing(site.built(), query)),
                    Err(_) => Work::Other,
                }
            }
            Some(Target::Listing) | None => Work::Other,
            Some(target) => document(DocumentKey::Target(site.built(), target.clone())),
        }
    }

    async fn render_in(self: &Arc<Self>, pool: &Arc<Semaphore>, guard: Option<RenderGuard>) -> Response<ResponseBody> {
        match Arc::clone(pool).acquire_owned().await {
            Ok(permit) => self.render(permit, guard).await,
            Err(_) => stopping().map(ResponseBody::from),
        }
    }

    /// Renders the response on a thread that may block. Permit and guard are held until that is done, though the client may have left.
    async fn render(self: &Arc<Self>, permit: OwnedSemaphorePermit, guard: Option<RenderGuard>) -> Response<ResponseBody> {
        let render = move |pending: &PendingRequest| {
            let _held = (permit, guard);
            let response = pending.shared_draft();
            response.unwrap_or_else(|| pending.site_response().map(ResponseBody::from))
        };
        self.run_blocking(render).await
    }

    /// Runs `work` on a thread that may block; returns 500 if it panics.
    async fn run_blocking(
        self: &Arc<Self>,
        work: impl FnOnce(&PendingRequest) -> Response<ResponseBody> + Send + 'static,
    ) -> Response<ResponseBody> {
        let pending = Arc::clone(self);
        let result = spawn_blocking(move || work(&pending)).await;
        result.unwrap_or_else(|_| internal_error(self.trace.id()))
    }

    fn open_file(&self, path: &str) -> Response<ResponseBody> {
        let PendingRequest { site, context, head, .. } = self;
        let is_preview = context.preview.is_some();
        let reader = if is_preview { Viewer::Author } else { Viewer::Public };
        let response = context
            .configured()
            .library
            .answer((site, reader), path, &head.method, &head.headers, self.now);
        if is_preview {
            confidential::for_author(response)
        } else {
            response
        }
    }

    fn shared_draft(&self) -> Option<Response<ResponseBody>> {
        let PendingRequest { site, context, head, .. } = self;
        let draft = DraftPath::parse(self.path())?;
        let configured = context.configured();
        let key = share_key(configured.storage.as_ref()?)?;
        draft.answer(&key, (site, &configured.library), &head.method, &head.headers, self.now)
    }

    fn site_response(&self) -> Response<Bytes> {
        if self.context.preview.is_some() {
            preview::answer(&self.site, &self.request())
        } else {
            routes::answer(&self.site, &self.request())
        }
    }
}

/// Returns the key of shared drafts. It is read for each request, so that a replaced key stops working at once.
fn share_key(storage: &Storage) -> Option<ShareKey> {
    storage.share_key().unwrap_or_else(|error| {
        tracing::warn!("shared drafts cannot be shown: {error}");
        None
    })
}

fn internal_error(id: &str) -> Response<ResponseBody> {
    tracing::error!(id, "a request could not be answered");
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong on the server; its log says why",
    )
    .map(ResponseBody::from)
}

fn stopping() -> Response<Bytes> {
    unavailable("the server is stopping; try again in a few seconds", 5)
}
