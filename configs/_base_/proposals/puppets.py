# Actor proposals of the Puppets by the parts that ship with the package, and what they are compared with.
_base_ = "../trackers/siamese_small.py"
actors = ("person", "dog", "bird", "car", "sports ball")
max_tubes = 10
shared = dict(**_base_.siamese_small, shared_features=True)
detector = dict(
    type="ActorDetector",
    config="configs/detectors/ssd_shufflenet_puppets.py",
    checkpoint="actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth",
    actors=actors,
    score_threshold=0.05,
    max_per_frame=20,
)
bytetrack = dict(type="TrackerLinker", algorithm="bytetrack", max_tubes=max_tubes)
algorithm_1 = dict(type="SiameseLinker", max_tubes=max_tubes, overlap_threshold=0.7)
proposals = dict(
    root="work_dirs/proposals/puppets",
    detector="ssd",
    detectors=dict(
        ssd=detector,
        # Weaker: the same weights on frames of twice the size, larger than they have learnt.
        ssd_480=dict(detector, config="configs/detectors/ssd_shufflenet_puppets_480.py"),
        # Better: it has seen every pose; first: the commands in its config.
        ssd_all_poses=dict(
            detector,
            config="configs/detectors/ssd_shufflenet_puppets_all_poses.py",
            checkpoint="work_dirs/ssd_shufflenet_puppets_all_poses/epoch_8.pth",
        ),
    ),
    linker="siamese",
    linkers=dict(
        # One pass of the tracker's network a frame for all tubes; siamese_crops is the paper's way, one a target.
        siamese=dict(**algorithm_1, batch_size=8, tracker=shared),
        # As many as the paper allows for actors that are no people.
        siamese_50=dict(**(algorithm_1 | dict(max_tubes=50)), batch_size=8, tracker=shared),
        siamese_crops=dict(**algorithm_1, tracker=_base_.siamese_small),
        # A tracker that knows this world; first: python tools/train.py configs/siamese_small_puppets.py
        siamese_tuned=dict(
            **algorithm_1, batch_size=8, tracker=dict(shared, checkpoint="work_dirs/siamese_small_puppets/iter_800.pth")
        ),
        viterbi=dict(type="ViterbiLinker", max_tubes=max_tubes),
        # Association of detections alone, which needs the extra: pip install 'actorsup[trackers]'
        bytetrack=bytetrack,
        ocsort=dict(bytetrack, algorithm="ocsort"),
        alternating=dict(
            type="AlternatingLinker",
            max_tubes=max_tubes,
            linkers=[bytetrack, dict(**algorithm_1, batch_size=8, tracker=shared)],
        ),
        unlinked=dict(type="UnlinkedDetections", max_tubes=max_tubes),
        sliding_window=dict(type="SlidingWindowTubes", max_tubes=max_tubes),
        random=dict(type="RandomTubes", max_tubes=max_tubes),
        whole_frame=dict(type="WholeFrame"),
    ),
)
