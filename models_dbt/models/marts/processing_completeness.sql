with photos as (
    select * from {{ ref('stg_photos') }}
),

publications as (
    select * from {{ ref('stg_publications') }}
    where output <> 'photos'
),

versions as (
    select * from {{ ref('int_current_versions') }}
),

-- What the newest publication says, beside the version that counts.
compared as (
    select
        photos.photo_id,
        photos.library_id,
        versions.output,
        versions.output_version,
        publications.output_version as published_version,
        publications.state,
        publications.reason,
        publications.tries,
        publications.attempt,
        publications.epoch,
        publications.published_at,
        coalesce(publications.output_version = versions.output_version, false) as is_of_this_version
    from photos
    inner join versions on photos.library_id = versions.library_id
    left join publications
        on
            photos.photo_id = publications.photo_id
            and versions.output = publications.output
),

current_version as (
    select
        photo_id,
        library_id,
        output,
        output_version,
        true as is_current_version,
        case
            when state is null then 'missing'
            when state = 'off' then 'off'
            when is_of_this_version then state
            else 'missing'
        end as state,
        case
            when state is null then 'it was never computed'
            when state = 'off' then coalesce(reason, 'it is switched off')
            when is_of_this_version and state = 'missing' then coalesce(reason, 'it was not computed yet')
            when is_of_this_version then reason
            when published_version is null then coalesce(reason, 'it was never computed')
            else 'the newest is of version ' || published_version
        end as reason,
        coalesce(tries, 0) as tries,
        attempt,
        epoch,
        published_at
    from compared
),

earlier_version as (
    select
        photo_id,
        library_id,
        output,
        published_version as output_version,
        false as is_current_version,
        state,
        reason,
        tries,
        attempt,
        epoch,
        published_at
    from compared
    where
        published_version is not null
        and not is_of_this_version
        and state in ('done', 'failed')
)

select
    photo_id,
    library_id,
    output,
    output_version,
    is_current_version,
    state,
    reason,
    tries,
    attempt,
    epoch,
    published_at
from current_version
union all
select
    photo_id,
    library_id,
    output,
    output_version,
    is_current_version,
    state,
    reason,
    tries,
    attempt,
    epoch,
    published_at
from earlier_version
