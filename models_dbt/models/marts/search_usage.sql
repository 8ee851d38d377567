with searches as (
    select
        * exclude (library_id),
        unnest(libraries) as library_id
    from {{ ref('stg_searches') }}
)

select
    library_id,
    (asked_at at time zone 'UTC')::date as asked_day,
    query_class,
    len(filter_fields) > 0 as filtered,
    count(*) as searches,
    count(*) filter (where results = 0) as searches_without_result,
    count(*) filter (where len(degraded) > 0) as searches_degraded,
    count(*) filter (where list_contains(legs, 'words')) as with_words,
    count(*) filter (where list_contains(legs, 'meaning')) as with_meaning,
    count(*) filter (where list_contains(legs, 'look')) as with_look,
    count(*) filter (where list_contains(legs, 'person')) as with_person,
    avg(results)::double as mean_results,
    avg(top_score)::double as mean_top_score,
    quantile_cont(total_ms, 0.5)::double as median_ms,
    quantile_cont(total_ms, 0.95)::double as p95_ms
from searches
group by
    library_id,
    (asked_at at time zone 'UTC')::date,
    query_class,
    len(filter_fields) > 0
