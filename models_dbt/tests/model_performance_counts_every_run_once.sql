with counted as (
    select sum(runs) as runs
    from {{ ref('model_performance') }}
),

recorded as (
    select count(*) as runs
    from {{ ref('stg_model_runs') }}
)

select
    counted.runs as counted,
    recorded.runs as recorded
from counted
cross join recorded
where coalesce(counted.runs, 0) <> recorded.runs
