{#-
    Rows of a core table that the newest publication of `output` speaks of: state done, same attempt, and the same
    version where the table has one. A row no publication names is not visible, whoever wrote it.
-#}
{% macro published_rows(table, output=table, versioned=true) -%}
select
    rows_written.*,
    published.epoch as published_epoch,
    published.published_at
from {{ source('core', table) }} as rows_written
inner join {{ ref('stg_publications') }} as published
    on
        rows_written.photo_id = published.photo_id
        and rows_written.attempt = published.attempt
        {%- if versioned %}
        and rows_written.output_version = published.output_version
        {%- endif %}
where
    published.output = '{{ output }}'
    and published.state = 'done'
{%- endmacro %}


{#-
    Rows of a core table of facts (no attempt, no version) about published photos, written before the photo's newest
    publication: what a later, unpublished batch saw is not visible yet.
-#}
{% macro published_facts(table) -%}
select
    rows_written.*,
    published.epoch as published_epoch,
    published.published_at
from {{ source('core', table) }} as rows_written
inner join {{ ref('stg_publications') }} as published
    on rows_written.photo_id = published.photo_id
where
    published.output = 'photos'
    and published.state = 'done'
    and rows_written.recorded_at <= published.published_at
{%- endmacro %}


{#- Rows of a core table that is made in generations: of those that are shown. -#}
{% macro shown_rows(table) -%}
select rows_written.*
from {{ source('core', table) }} as rows_written
where
    rows_written.generation in (
        select max(shown.generation)
        from {{ source('core', 'generations') }} as shown
        group by shown.library_id, shown.kind
    )
{%- endmacro %}
