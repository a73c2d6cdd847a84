# A second world of Puppets, to confirm what was found in the first: other looks, places and chance, larger frames, more
# bystanders and things in front, a livelier camera, harder compression. Detector and tracker are the same.
#
#   the commands of actorsup_shufflenet_puppets.py, with this config
_base_ = "actorsup_shufflenet_puppets.py"
data_root = "data/puppets_second"
puppets = dict(
    root=data_root,
    settings=dict(
        seed=100,
        size=(288, 216),
        num_bystanders=(2, 5),
        second_performer_share=0.2,
        untrimmed_share=0.6,
        occluder_share=0.7,
        camera_motion=0.08,
        quality=(30, 80),
    ),
    sizes=dict(train_stills=0, val_stills=0, sequences=0),
)
proposals = dict(root="work_dirs/proposals/puppets_second")
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
