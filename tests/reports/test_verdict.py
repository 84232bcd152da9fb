"""What an asset amounts to by its thresholds."""

from tests.reports.rows import row, verdict


def test_a_recent_good_backup_is_good():
    assert verdict(row(23)).state == "good"
    assert verdict(row(3, "Warning")).state == "good"


def test_an_asset_is_late_when_its_last_good_backup_is_older_than_its_threshold():
    found = verdict(row(25))
    assert (found.state, found.late, found.late_24h, found.never) == ("late", True, True, False)
    assert round(found.age_hours or 0) == 25


def test_a_customer_may_allow_more_or_less_than_a_day():
    assert verdict(row(25), no_success_hours=48).state == "good"
    assert verdict(row(25), no_success_hours=48).late_24h
    assert verdict(row(5), no_success_hours=4).late


def test_a_failure_since_the_last_good_backup_is_a_failure_and_three_are_critical():
    assert verdict(row(9), row(1, "Failure")).state == "failed"
    assert not verdict(row(9), row(1, "Failure")).critical
    assert verdict(row(9), *(row(at, "Failure") for at in (1, 2, 3))).critical
    assert verdict(row(9), row(1, "Failure"), failures_critical=1).critical


def test_an_asset_without_any_good_backup_has_no_result():
    found = verdict(row(1, None))
    assert (found.state, found.never, found.age_hours, found.late_24h) == ("none", True, None, True)


def test_a_copy_may_wait_for_its_replication_for_some_hours():
    assert not verdict(row(20, replication_status="Needed")).not_replicated
    assert verdict(row(30, replication_status="Needed"), no_success_hours=48).state == "not_replicated"
    assert verdict(row(1, replication_status="Failed")).not_replicated


def test_copies_that_have_waited_for_days_are_seen_behind_backups_of_every_hour():
    hourly = [row(at, replication_status="Waiting") for at in range(1, 72)]
    assert verdict(*hourly).state == "not_replicated"
    assert not verdict(*hourly[:24]).not_replicated, "the oldest of them may still wait"
    assert verdict(row(1, replication_status="Needed"), row(40, replication_status="Failed")).not_replicated
    assert not verdict(row(40, replication_status="Needed"), row(9, replication_status="Success")).not_replicated


def test_a_failed_verification_needs_attention():
    assert verdict(row(1, verify_status="Failed")).state == "not_verified"


def test_what_is_critical_comes_first_then_failures_then_age():
    critical = verdict(row(9), *(row(at, "Failure") for at in (1, 2, 3)))
    failed, late, later, good = verdict(row(9), row(1, "Failure")), verdict(row(30)), verdict(row(60)), verdict(row(1))
    ordered = [critical, failed, later, late, good]
    assert sorted([good, late, later, failed, critical], key=lambda found: found.rank) == ordered
