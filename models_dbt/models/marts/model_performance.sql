with runs as (
    select * from {{ ref('stg_model_runs') }}
),

versions as (
    select * from {{ ref('int_current_versions') }}
),

added_up as (
    select
        library_id,
        output,
        provider,
        output_version,
        count(*) as runs,
        sum(photos_done + photos_failed)::bigint as photos,
        sum(photos_failed)::bigint as photos_failed,
        sum(seconds)::double as seconds,
        min(recorded_at) as first_run_at,
        max(recorded_at) as last_run_at
    from runs
    group by library_id, output, provider, output_version
)

select
    added_up.library_id,
    added_up.output,
    added_up.provider,
    added_up.output_version,
    coalesce(added_up.output_version = versions.output_version, false) as is_current_version,
    added_up.runs,
    added_up.photos,
    added_up.photos_failed,
    added_up.seconds,
    (added_up.photos / nullif(added_up.seconds, 0))::double as photos_per_second,
    (added_up.photos_failed / nullif(added_up.photos, 0))::double as failure_share,
    added_up.first_run_at,
    added_up.last_run_at
from added_up
left join versions
    on
        added_up.library_id = versions.library_id
        and added_up.output = versions.output
