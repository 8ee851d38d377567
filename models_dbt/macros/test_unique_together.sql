{#- Fails for every combination of `columns` that occurs more than once; nulls are equal to each other. -#}
{% test unique_together(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as occurrences
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
