with duplicates as (
    select * from {{ ref('stg_duplicates') }}
),

duplicate_groups as (
    select
        library_id,
        kind,
        group_id,
        bool_and(decided) as decided,
        count(*) as photos,
        count(*) filter (where not is_keeper) as redundant_photos,
        -- Of the same bytes all files but one are redundant, of the other kinds one file of every photo not kept.
        sum(case when kind = 'bytes' then files - 1 when is_keeper then 0 else 1 end) as redundant_files,
        sum(wasted_bytes) as wasted_bytes
    from duplicates
    group by library_id, kind, group_id
)

select
    library_id,
    kind,
    count(*) as duplicate_groups,
    count(*) filter (where decided) as decided_groups,
    sum(photos)::bigint as photos,
    sum(redundant_photos)::bigint as redundant_photos,
    sum(redundant_files)::bigint as redundant_files,
    sum(wasted_bytes)::bigint as wasted_bytes,
    coalesce(sum(wasted_bytes) filter (where decided), 0)::bigint as decided_bytes,
    max(photos)::bigint as largest_group
from duplicate_groups
group by library_id, kind
