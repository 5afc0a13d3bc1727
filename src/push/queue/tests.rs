use super::*;
use crate::push::request::Mode;
use crate::render::Format;

const LIMITS: QueueLimits = QueueLimits {
    per_host: 2,
    subscriptions: 1000,
    subscriptions_per_host: 500,
};
const OK: Delivery = Delivery::Delivered;
const FAILED: Delivery = Delivery::Failed {
    retry_after: None,
    blames_host: true,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn topic() -> Topic {
    Topic {
        scope: Scope::Site,
        format: Format::Atom,
    }
}

fn subscription(callback: &str) -> Subscription {
    Subscription {
        topic: topic(),
        written_topic: None,
        callback: callback.into(),
        secret: None,
        until: at(1_000_000),
        waiting: None,
    }
}

fn request(callback: &str) -> SubscriptionRequest {
    SubscriptionRequest {
        mode: Mode::Subscribe,
        topic: topic(),
        written_topic: "https://example.com/atom.xml".into(),
        callback: callback.parse().unwrap(),
        secret: None,
        lease: Duration::from_hours(1),
    }
}

/// A queue with subscriptions of these callbacks.
fn queue(callbacks: &[&str]) -> Queue {
    let mut queue = Queue::default();
    for callback in callbacks {
        queue.subscribe(subscription(callback), LIMITS).unwrap();
    }
    queue
}

/// Announces the site of the instant `second` at that instant. Returns how many rows have to be written.
fn announce(queue: &mut Queue, second: i64) -> usize {
    queue.announce(&Scope::Site, at(second), at(second), at(second), 2).len()
}

/// The next delivery at `second`, from the site of the instant `built`.
fn next(queue: &mut Queue, second: i64, built: i64) -> Option<(SubscriptionId, Subscription)> {
    match queue.take(at(second), at(built), 2, &mut Vec::new())? {
        Work::Deliver(id, subscription) => Some((id, subscription)),
        Work::Verify(_) => panic!("nothing is to be verified"),
    }
}

fn end(queue: &mut Queue, id: SubscriptionId, delivery: Delivery, second: i64) -> (Option<PushRow>, bool) {
    queue.end_delivery(id, delivery, at(second), &Timing::default(), 20, 2)
}

fn waiting(queue: &Queue, callback: &str) -> Option<Waiting> {
    queue.waiting(subscription(callback).id())
}

const A: &str = "http://a.example/1";

#[test]
fn ten_announcements_are_one_delivery_in_flight_and_one_after_it() {
    let mut queue = queue(&[A]);
    assert_eq!(announce(&mut queue, 0), 1);
    let (id, _) = next(&mut queue, 0, 0).unwrap();
    for second in 1..10 {
        assert_eq!(announce(&mut queue, second), 1);
        assert!(next(&mut queue, second, second).is_none(), "one is in flight");
    }
    let (row, _) = end(&mut queue, id, OK, 10);
    assert_eq!(waiting(&queue, A).unwrap().since, at(0), "{row:?}");
    let (id, _) = next(&mut queue, 10, 9).unwrap();
    assert_eq!(announce(&mut queue, 9), 0, "the document in flight is of that site");
    let (row, gave_up) = end(&mut queue, id, OK, 11);
    assert_eq!(Subscription::from_row(&row.unwrap()).unwrap().waiting, None);
    assert!(!gave_up && next(&mut queue, 1000, 9).is_none() && queue.next_due().is_none());
}

#[test]
fn a_failed_delivery_is_tried_again_and_news_begins_anew() {
    let mut queue = queue(&[A]);
    announce(&mut queue, 0);
    let mut second = 0;
    for pause in [15, 60] {
        let (id, _) = next(&mut queue, second, 0).unwrap();
        end(&mut queue, id, FAILED, second);
        assert_eq!(queue.next_due(), Some(at(second + pause)));
        second += pause;
    }
    assert_eq!(waiting(&queue, A).unwrap().tries, 2);
    announce(&mut queue, second - 30);
    let expected = Waiting {
        since: at(0),
        tries: 0,
        due: at(second - 30),
    };
    assert_eq!(waiting(&queue, A), Some(expected));
}

#[test]
fn after_the_last_attempt_a_subscriber_waits_for_the_next_news_and_stays() {
    let mut queue = queue(&[A]);
    announce(&mut queue, 0);
    for attempt in 0..8 {
        let due = queue.next_due().unwrap();
        let Some(Work::Deliver(id, _)) = queue.take(due, at(0), 2, &mut Vec::new()) else {
            panic!("attempt {attempt}");
        };
        let (_, gave_up) = queue.end_delivery(id, FAILED, due, &Timing::default(), 20, 2);
        assert_eq!(gave_up, attempt == 7, "{attempt}");
    }
    assert_eq!((queue.next_due(), queue.len()), (None, 1));
    announce(&mut queue, 200_000);
    assert!(queue.next_due().is_some());
}

#[test]
fn a_retry_after_is_honoured() {
    let mut queue = queue(&[A]);
    announce(&mut queue, 0);
    let (id, _) = next(&mut queue, 0, 0).unwrap();
    let busy = Delivery::Failed {
        retry_after: Some(Duration::from_secs(500)),
        blames_host: true,
    };
    end(&mut queue, id, busy, 0);
    assert_eq!(queue.next_due(), Some(at(500)));
}

#[test]
fn a_subscription_that_has_ended_gets_nothing() {
    let mut queue = queue(&[A, "http://b.example/"]);
    announce(&mut queue, 0);
    let (id, _) = next(&mut queue, 0, 0).unwrap();
    assert_eq!(end(&mut queue, id, Delivery::Ended, 0).0.unwrap().value, None);
    assert_eq!(queue.len(), 1);
    // the other one's lease ends while it waits
    let mut rows = Vec::new();
    assert!(queue.take(at(1_000_000), at(0), 2, &mut rows).is_none());
    assert_eq!((rows.len(), queue.len(), queue.next_due()), (1, 0, None));
}

#[test]
fn leases_that_have_ended_are_swept_away() {
    let mut queue = queue(&[A]);
    assert_eq!(queue.sweep(at(999_999), 2), []);
    assert_eq!(queue.sweep(at(1_000_000), 2), [], "not every second");
    assert_eq!(queue.sweep(at(1_000_100), 2).len(), 1);
    assert_eq!((queue.len(), queue.hosts.len()), (0, 0));
}

#[test]
fn a_host_gets_no_more_connections_than_allowed_and_the_others_are_not_delayed() {
    let slow = ["http://a.example/1", "http://a.example:81/2", "http://a.example/3"];
    let mut queue = queue(&[&slow[..], &["http://b.example/"]].concat());
    announce(&mut queue, 0);
    let callbacks: Vec<_> = std::iter::from_fn(|| next(&mut queue, 0, 0)).collect();
    let of_a = callbacks
        .iter()
        .filter(|(_, one)| one.callback.starts_with("http://a."))
        .count();
    assert_eq!((callbacks.len(), of_a), (3, 2));
    let (id, _) = callbacks
        .iter()
        .find(|(_, one)| one.callback.starts_with("http://a."))
        .unwrap();
    end(&mut queue, *id, OK, 1);
    assert!(next(&mut queue, 1, 0).is_some(), "the third follows");
}

#[test]
fn a_host_that_fails_five_times_in_a_row_is_asked_once_a_minute() {
    let callbacks: Vec<String> = (0..8).map(|n| format!("http://a.example/{n}")).collect();
    let mut queue = queue(&callbacks.iter().map(String::as_str).collect::<Vec<_>>());
    announce(&mut queue, 0);
    for _ in 0..5 {
        let (id, _) = next(&mut queue, 0, 0).unwrap();
        end(&mut queue, id, FAILED, 0);
    }
    assert!(next(&mut queue, 59, 0).is_none());
    assert_eq!(queue.failing_hosts().collect::<Vec<_>>(), [("a.example", 5)]);
    let (id, _) = next(&mut queue, 60, 0).unwrap();
    assert!(next(&mut queue, 60, 0).is_none(), "one probe");
    end(&mut queue, id, FAILED, 60);
    assert!(next(&mut queue, 119, 0).is_none());
    let (id, _) = next(&mut queue, 120, 0).unwrap();
    end(&mut queue, id, OK, 120);
    assert_eq!(queue.failing_hosts().count(), 0);
    assert_eq!(
        std::iter::from_fn(|| next(&mut queue, 120, 0)).count(),
        2,
        "it is whole again"
    );
}

#[test]
fn a_callback_that_refuses_is_no_fault_of_its_host() {
    let callbacks: Vec<String> = (0..9).map(|n| format!("http://a.example/{n}")).collect();
    let mut queue = queue(&callbacks.iter().map(String::as_str).collect::<Vec<_>>());
    announce(&mut queue, 0);
    let refused = Delivery::Failed {
        retry_after: None,
        blames_host: false,
    };
    for _ in 0..9 {
        let (id, _) = next(&mut queue, 0, 0).unwrap();
        end(&mut queue, id, refused, 0);
    }
}

#[test]
fn subscribing_again_changes_secret_and_lease_and_keeps_what_waits() {
    let mut queue = queue(&[A]);
    announce(&mut queue, 5);
    let renewed = Subscription {
        secret: Some("new".into()),
        until: at(2_000_000),
        ..subscription(A)
    };
    let row = queue.subscribe(renewed, LIMITS).unwrap();
    let stored = Subscription::from_row(&row).unwrap();
    assert_eq!((stored.secret.as_deref(), stored.until), (Some("new"), at(2_000_000)));
    assert_eq!(stored.waiting.unwrap().since, at(5));
    assert!(
        next(&mut queue, 5, 5).is_some() && next(&mut queue, 5, 5).is_none(),
        "one delivery, not two"
    );
}

#[test]
fn the_number_of_subscriptions_is_limited_in_all_and_for_each_host() {
    let limits = QueueLimits {
        per_host: 2,
        subscriptions: 3,
        subscriptions_per_host: 2,
    };
    let mut queue = Queue::default();
    for (callback, expected) in [
        ("http://a.example/1", Ok(())),
        ("http://a.example/2", Ok(())),
        ("http://a.example/3", Err(Busy::HostIsFull)),
        ("http://a.example/1", Ok(())),
        ("http://b.example/1", Ok(())),
        ("http://c.example/1", Err(Busy::Full)),
    ] {
        assert_eq!(
            queue.request(request(callback), at(0), limits).err(),
            expected.err(),
            "{callback}"
        );
        assert_eq!(
            queue.subscribe(subscription(callback), limits).map(|_| ()),
            expected,
            "{callback}"
        );
    }
}

/// The callbacks of the verifications that may begin at `second`.
fn verifications(queue: &mut Queue, second: i64) -> Vec<Verification> {
    let take = || match queue.take(at(second), at(0), 2, &mut Vec::new()) {
        Some(Work::Verify(verification)) => Some(verification),
        _ => None,
    };
    std::iter::from_fn(take).collect()
}

#[test]
fn a_verification_is_tried_twice() {
    let mut queue = Queue::default();
    queue.request(request(A), at(0), LIMITS).unwrap();
    let first = verifications(&mut queue, 0).remove(0);
    assert!(!queue.end_verification(&first, false, at(0), &Timing::default(), 2));
    assert_eq!(verifications(&mut queue, 59).len(), 0);
    let second = verifications(&mut queue, 60).remove(0);
    assert!(queue.end_verification(&second, false, at(60), &Timing::default(), 2));
    assert_eq!((queue.verification_count(), queue.next_due()), (0, None));
}

#[test]
fn a_later_request_takes_the_place_of_an_earlier_one() {
    let mut queue = Queue::default();
    for lease in [1, 2, 3] {
        let lease = Duration::from_hours(lease);
        queue
            .request(SubscriptionRequest { lease, ..request(A) }, at(0), LIMITS)
            .unwrap();
    }
    let all = verifications(&mut queue, 0);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].request.lease, Duration::from_hours(3));
}

/// RELIABILITY: an attacker names ten thousand callbacks on the host of a victim.
#[test]
fn a_host_that_confirms_nothing_is_asked_six_times_a_minute() {
    let mut queue = Queue::default();
    let mut asked = Vec::new();
    for second in 0..300 {
        for n in 0..34 {
            let callback = format!("http://victim.example:{}/{n}", 1024 + second);
            let _ = queue.request(request(&callback), at(second), LIMITS);
        }
        for verification in verifications(&mut queue, second) {
            asked.push(second);
            queue.end_verification(&verification, false, at(second), &Timing::default(), 2);
        }
    }
    assert!(asked.len() >= 24, "{asked:?}");
    for window in asked.windows(7) {
        assert!(window[6] - window[0] >= 60, "{asked:?}");
    }
    assert!(queue.verification_count() <= MAX_VERIFICATIONS_PER_HOST);
}

#[test]
fn verifications_that_succeed_are_not_slowed() {
    let mut queue = Queue::default();
    for n in 0..50 {
        queue
            .request(request(&format!("http://a.example/{n}")), at(0), LIMITS)
            .unwrap();
    }
    let mut confirmed = 0;
    while let Some(Work::Verify(verification)) = queue.take(at(0), at(0), 2, &mut Vec::new()) {
        queue.end_verification(&verification, true, at(0), &Timing::default(), 2);
        confirmed += 1;
    }
    assert_eq!(confirmed, 50);
}

#[test]
fn of_too_many_verifications_the_oldest_are_dropped() {
    let mut queue = Queue::default();
    for n in 0..=MAX_VERIFICATIONS {
        queue
            .request(request(&format!("http://host-{n}.example/")), at(0), LIMITS)
            .unwrap();
    }
    assert_eq!(queue.verification_count(), MAX_VERIFICATIONS);
    assert!(!queue.hosts.contains_key("host-0.example") && queue.hosts.contains_key("host-1.example"));
    let of_host = (0..200).filter(|n| {
        queue
            .request(request(&format!("http://a.example/{n}")), at(0), LIMITS)
            .is_ok()
    });
    assert_eq!(of_host.count(), MAX_VERIFICATIONS_PER_HOST);
}

#[test]
fn rows_that_are_read_again_change_nothing_that_is_known() {
    let mut queue = queue(&[A, "http://b.example/"]);
    announce(&mut queue, 5);
    let row = queue.remove(subscription(A).id(), 2).unwrap();
    queue.load(subscription(A), 2);
    queue.load(subscription("http://b.example/"), 2);
    queue.load(subscription("http://c.example/"), 2);
    assert_eq!(queue.len(), 2, "what was deleted stays deleted");
    assert_eq!(waiting(&queue, "http://b.example/").unwrap().since, at(5));
    let rows = queue.rows();
    assert!(rows.len() == 3 && rows.contains(&row), "{rows:?}");
}

#[test]
fn subscriptions_move_with_their_scope() {
    let tag = |name: &str| Scope::Tag(name.to_owned());
    let mut queue = Queue::default();
    let old = Subscription {
        topic: Topic {
            scope: tag("old"),
            format: Format::Rss,
        },
        ..subscription(A)
    };
    queue.subscribe(old, LIMITS).unwrap();
    let rows = queue.move_scope(&tag("old"), &tag("new"), at(7), 2);
    assert_eq!(rows.len(), 2);
    assert!(!queue.has_subscribers(&tag("old")) && queue.has_subscribers(&tag("new")));
    let (_, moved) = next(&mut queue, 7, 0).unwrap();
    assert_eq!(moved.topic.scope, tag("new"));
}

#[test]
fn a_host_is_dropped_with_what_is_in_flight() {
    let mut queue = queue(&[A, "http://a.example:81/", "http://b.example/"]);
    announce(&mut queue, 0);
    let in_flight: Vec<_> = std::iter::from_fn(|| next(&mut queue, 0, 0)).collect();
    assert_eq!(queue.remove_host("a.example", 2).len(), 2);
    for (id, _) in in_flight {
        end(&mut queue, id, OK, 1);
    }
    assert_eq!((queue.len(), queue.hosts.len(), queue.next_due()), (1, 1, None));
}

proptest::proptest! {
    /// Whatever happens, the index of hosts agrees with the hosts, and no host gets more than its share.
    #[test]
    fn the_index_agrees_with_the_hosts(steps in proptest::collection::vec((0_u8..6, 0_usize..6), 0..120)) {
        let mut queue = Queue::default();
        let callbacks: Vec<String> = (0..6).map(|n| format!("http://host-{}.example/{n}", n % 3)).collect();
        let mut flying: Vec<SubscriptionId> = Vec::new();
        for (second, (step, which)) in steps.into_iter().enumerate() {
            let second = i64::try_from(second).unwrap() * 7;
            match step {
                0 => drop(queue.subscribe(subscription(&callbacks[which]), LIMITS)),
                1 => drop(queue.remove(subscription(&callbacks[which]).id(), 2)),
                2 => {
                    announce(&mut queue, second);
                }
                3 => flying.extend(next(&mut queue, second, second).map(|(id, _)| id)),
                step => {
                    if let Some(id) = flying.pop() {
                        end(&mut queue, id, if step == 4 { OK } else { FAILED }, second);
                    }
                }
            }
            let listed: BTreeSet<(Timestamp, Arc<str>)> =
                queue.hosts.iter().filter_map(|(name, host)| Some((host.ready_at?, Arc::clone(name)))).collect();
            proptest::prop_assert_eq!(&listed, &queue.ready);
            for host in queue.hosts.values() {
                proptest::prop_assert_eq!(host.ready_at, host.next_due(2));
            }
        }
    }
}
