# puppets_fresh_ranking.py on the fresh test videos of the second world.
#
#   the commands of puppets_second_fresh_attention.py, and then
#   python tools/experiments.py configs/experiments/puppets_second_fresh_ranking.py
_base_ = "puppets_second_fresh_attention.py"
work_dir = "work_dirs/experiments/puppets_second_fresh_ranking"
variants = {name: dict(model=dict(head=dict(ranking=dict(type="VideoRanking")))) for name in _base_.variants}
