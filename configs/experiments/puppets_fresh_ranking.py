# puppets_fresh_attention.py with tubes ranked by their video's probability too, which the paper leaves open.
#
#   the commands there, and then
#   python tools/experiments.py configs/experiments/puppets_fresh_ranking.py
_base_ = "puppets_fresh_attention.py"
work_dir = "work_dirs/experiments/puppets_fresh_ranking"
variants = {name: dict(model=dict(head=dict(ranking=dict(type="VideoRanking")))) for name in _base_.variants}
