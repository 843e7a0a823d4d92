"""the whole life of a case

Columns are added one by one, without foreign keys: SQLite can neither add nor drop a constraint in place, and building
the table anew would break the references to it.
"""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('received', 'registered', 'assigned', 'in_progress', 'suspended', 'handled')")
TICKING = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("beats", sa.JSON(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pulse")),
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_duty_community_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_duty_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint("community_id", "person_id", "starts", name=op.f("uq_duty_community_id_person_id_starts")),
    )
    op.create_index(op.f("ix_duty_community_id"), "duty", ["community_id"], unique=False)
    op.create_table(
        "case_assist",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_assist_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_case_assist_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_assist")),
        sa.UniqueConstraint("case_id", "person_id", name=op.f("uq_case_assist_case_id_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_assist_person_id"), "case_assist", ["person_id"], unique=False)
    op.create_table(
        "case_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("media", sa.String(length=300), nullable=False),
        sa.Column("inbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_note_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
        sa.UniqueConstraint("case_id", "inbox_id", "kind", name=op.f("uq_case_note_case_id_inbox_id_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"], unique=False)
    op.create_table(
        "case_party",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("says", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"], name=op.f("fk_case_party_building_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_party_case_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_case_party_identity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_case_party_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_party")),
        sa.UniqueConstraint("case_id", "side", name=op.f("uq_case_party_case_id_side")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_party_identity_id"), "case_party", ["identity_id"], unique=False)
    op.create_table(
        "case_reporter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_reporter_case_id")),
        sa.ForeignKeyConstraint(["group_id"], ["chat_group.id"], name=op.f("fk_case_reporter_group_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_case_reporter_identity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reporter")),
        sa.UniqueConstraint("case_id", "identity_id", name=op.f("uq_case_reporter_case_id_identity_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_reporter_identity_id"), "case_reporter", ["identity_id"], unique=False)
    op.create_table(
        "case_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_step_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_step")),
        sa.UniqueConstraint("case_id", "clock", "step", "round", name=op.f("uq_case_step_case_id_clock_step_round")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_step_done_at"), "case_step", ["done_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("named", sa.JSON(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_incident_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_incident")),
    )
    op.create_table(
        "incident_group",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relay_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("post", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_incident_group_case_id")),
        sa.ForeignKeyConstraint(["group_id"], ["chat_group.id"], name=op.f("fk_incident_group_group_id")),
        sa.PrimaryKeyConstraint("case_id", "group_id", name=op.f("pk_incident_group")),
    )
    op.create_index("ix_incident_group_recent", "incident_group", ["group_id", "opened_at"], unique=False)
    op.create_table(
        "shown_card",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_shown_card_case_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_shown_card_identity_id")),
        sa.PrimaryKeyConstraint("case_id", "identity_id", name=op.f("pk_shown_card")),
    )
    op.create_index("ix_case_clock_kind_due", "case_clock", ["kind", "due_at"], unique=False)
    op.create_index("ix_case_event_kind", "case_event", ["kind", "at"], unique=False)
    op.add_column("absence", sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_clock", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_clock", sa.Column("next_step", sa.String(length=16), server_default="", nullable=False))
    op.add_column("case_clock", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column("case_clock", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_clock", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_clock", sa.Column("left", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_case_clock_next", "case_clock", ["next_at"], unique=False, sqlite_where=TICKING, postgresql_where=TICKING
    )
    op.add_column("cases", sa.Column("chain", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("cases", sa.Column("quote", sa.String(length=500), server_default="", nullable=False))
    op.add_column("cases", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("cases", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("handled_by", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("closed_as", sa.String(length=16), server_default="", nullable=False))
    op.add_column("cases", sa.Column("result", sa.String(length=500), server_default="", nullable=False))
    op.add_column("cases", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("extensions", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("reworks", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("returns", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("supervised", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("asked", sa.JSON(), nullable=True))
    op.add_column("cases", sa.Column("restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("cases", sa.Column("incident", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("cases", sa.Column("mediation", sa.String(length=12), server_default="", nullable=False))
    op.add_column("cases", sa.Column("beneficiary", sa.String(length=40), server_default="", nullable=False))
    op.add_column("cases", sa.Column("consent", sa.String(length=10), server_default="", nullable=False))
    op.add_column("cases", sa.Column("about_id", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("past_grid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("cases", sa.Column("reporter_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "cases", sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.create_index(
        "ix_case_live", "cases", ["community_id", "id"], unique=False, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index(
        "ix_case_live_group", "cases", ["group_id", "id"], unique=False, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index(
        "ix_case_live_item",
        "cases",
        ["item", "estate_id", "id"],
        unique=False,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )


def downgrade() -> None:
    op.drop_index("ix_case_live_item", table_name="cases", sqlite_where=LIVE, postgresql_where=LIVE)
    op.drop_index("ix_case_live_group", table_name="cases", sqlite_where=LIVE, postgresql_where=LIVE)
    op.drop_index("ix_case_live", table_name="cases", sqlite_where=LIVE, postgresql_where=LIVE)
    op.drop_column("cases", "merged_into")
    op.drop_column("cases", "reporter_hidden")
    op.drop_column("cases", "past_grid")
    op.drop_column("cases", "about_id")
    op.drop_column("cases", "consent")
    op.drop_column("cases", "beneficiary")
    op.drop_column("cases", "mediation")
    op.drop_column("cases", "incident")
    op.drop_column("cases", "restricted")
    op.drop_column("cases", "asked")
    op.drop_column("cases", "supervised")
    op.drop_column("cases", "returns")
    op.drop_column("cases", "reworks")
    op.drop_column("cases", "extensions")
    op.drop_column("cases", "rating")
    op.drop_column("cases", "result")
    op.drop_column("cases", "closed_as")
    op.drop_column("cases", "closed_at")
    op.drop_column("cases", "handled_by")
    op.drop_column("cases", "handled_at")
    op.drop_column("cases", "accepted_at")
    op.drop_column("cases", "version")
    op.drop_column("cases", "quote")
    op.drop_column("cases", "chain")
    op.drop_index("ix_case_clock_next", table_name="case_clock", sqlite_where=TICKING, postgresql_where=TICKING)
    op.drop_index("ix_case_event_kind", table_name="case_event")
    op.drop_index("ix_case_clock_kind_due", table_name="case_clock")
    op.drop_column("absence", "handed_at")
    op.drop_column("case_clock", "left")
    op.drop_column("case_clock", "paused_at")
    op.drop_column("case_clock", "since")
    op.drop_column("case_clock", "round")
    op.drop_column("case_clock", "next_step")
    op.drop_column("case_clock", "next_at")
    op.drop_table("shown_card")
    op.drop_index("ix_incident_group_recent", table_name="incident_group")
    op.drop_table("incident_group")
    op.drop_table("incident")
    op.drop_index(op.f("ix_case_step_done_at"), table_name="case_step")
    op.drop_table("case_step")
    op.drop_index(op.f("ix_case_reporter_identity_id"), table_name="case_reporter")
    op.drop_table("case_reporter")
    op.drop_index(op.f("ix_case_party_identity_id"), table_name="case_party")
    op.drop_table("case_party")
    op.drop_index(op.f("ix_case_note_case_id"), table_name="case_note")
    op.drop_table("case_note")
    op.drop_index(op.f("ix_case_assist_person_id"), table_name="case_assist")
    op.drop_table("case_assist")
    op.drop_index(op.f("ix_duty_community_id"), table_name="duty")
    op.drop_table("duty")
    op.drop_table("pulse")
