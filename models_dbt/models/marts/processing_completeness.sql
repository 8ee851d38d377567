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

current_version as (
    select
        photos.photo_id,
        photos.library_id,
        versions.output,
        versions.output_version,
        true as is_current_version,
        case
            when publications.photo_id is null then 'missing'
            when publications.state = 'off' then 'off'
            when publications.output_version is distinct from versions.output_version then 'missing'
            else publications.state
        end as state,
        case
            when publications.photo_id is null then 'it was never computed'
            when publications.state = 'off' then coalesce(publications.reason, 'it is switched off')
            when publications.output_version is distinct from versions.output_version
                then coalesce(
                    'the newest is of version ' || publications.output_version, publications.reason, 'it was never computed'
                )
            when publications.state = 'missing' then coalesce(publications.reason, 'it was not computed yet')
            when publications.state = 'failed' then publications.reason
        end as reason,
        coalesce(publications.tries, 0) as tries,
        publications.attempt,
        publications.epoch,
        publications.published_at
    from photos
    inner join versions on photos.library_id = versions.library_id
    left join publications
        on
            photos.photo_id = publications.photo_id
            and versions.output = publications.output
),

earlier_version as (
    select
        publications.photo_id,
        publications.library_id,
        publications.output,
        publications.output_version,
        false as is_current_version,
        publications.state,
        publications.reason,
        publications.tries,
        publications.attempt,
        publications.epoch,
        publications.published_at
    from publications
    inner join photos on publications.photo_id = photos.photo_id
    left join versions
        on
            publications.library_id = versions.library_id
            and publications.output = versions.output
    where
        publications.output_version is not null
        and publications.state in ('done', 'failed')
        and publications.output_version is distinct from versions.output_version
)

select * from current_version
union all
select * from earlier_version
